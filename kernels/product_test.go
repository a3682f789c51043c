package kernels

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The offsets are those that internal/productgen reads the fields of a product by.
func TestProductLayout(t *testing.T) {
	var p product
	var s segment
	assert.Equal(t, map[string]uintptr{
		"a": 0, "b": 24, "c": 48, "start": 72, "segments": 96, "steps": 120, "aStep": 128, "bStep": 136,
		"aRows": 144, "cRows": 168, "floor": 192, "next": 200, "segment.a": 0, "segment.b": 8,
	}, map[string]uintptr{
		"a": unsafe.Offsetof(p.a), "b": unsafe.Offsetof(p.b), "c": unsafe.Offsetof(p.c), "start": unsafe.Offsetof(p.start),
		"segments": unsafe.Offsetof(p.segments), "steps": unsafe.Offsetof(p.steps), "aStep": unsafe.Offsetof(p.aStep),
		"bStep": unsafe.Offsetof(p.bStep), "aRows": unsafe.Offsetof(p.aRows), "cRows": unsafe.Offsetof(p.cRows),
		"floor": unsafe.Offsetof(p.floor), "next": unsafe.Offsetof(p.next),
		"segment.a": unsafe.Offsetof(s.a), "segment.b": unsafe.Offsetof(s.b),
	})
	assert.EqualValues(t, 16, unsafe.Sizeof(s))
	assert.EqualValues(t, 6, tileRows)
	assert.EqualValues(t, 16, tileColumns)
}

func TestGeneratedAssemblyIsCurrent(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs the go command to run the generators: ", err)
	}
	for _, name := range []string{"product", "pooled", "gather", "winograd", "list", "pick", "vector", "transpose"} {
		file := name + "_amd64.s"
		out := filepath.Join(t.TempDir(), file)
		message, err := exec.Command("go", "run", "./internal/"+name+"gen", "-out", out).CombinedOutput()
		require.NoError(t, err, string(message))
		want, err := os.ReadFile(out)
		require.NoError(t, err)
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, body(want), body(got), "run go generate ./kernels: "+file)
	}
}

// body is a generated file without its first line, which repeats the command's arguments.
func body(file []byte) string {
	for i, c := range file {
		if c == '\n' {
			return string(file[i:])
		}
	}
	return ""
}
