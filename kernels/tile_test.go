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

// The offsets are those that internal/tilegen reads the fields of a tile by.
func TestTileLayout(t *testing.T) {
	var tile tile
	var s segment
	assert.Equal(t, map[string]uintptr{
		"a": 0, "b": 24, "init": 48, "c": 72, "segments": 96, "steps": 120, "aStep": 128, "bStep": 136,
		"rows": 144, "initRows": 192, "cRows": 240, "segment.a": 0, "segment.b": 8,
	}, map[string]uintptr{
		"a": unsafe.Offsetof(tile.a), "b": unsafe.Offsetof(tile.b), "init": unsafe.Offsetof(tile.init), "c": unsafe.Offsetof(tile.c),
		"segments": unsafe.Offsetof(tile.segments), "steps": unsafe.Offsetof(tile.steps), "aStep": unsafe.Offsetof(tile.aStep),
		"bStep": unsafe.Offsetof(tile.bStep), "rows": unsafe.Offsetof(tile.rows), "initRows": unsafe.Offsetof(tile.initRows),
		"cRows": unsafe.Offsetof(tile.cRows), "segment.a": unsafe.Offsetof(s.a), "segment.b": unsafe.Offsetof(s.b),
	})
	assert.EqualValues(t, 16, unsafe.Sizeof(s))
	assert.EqualValues(t, 6, tileRows)
	assert.EqualValues(t, 16, tileColumns)
}

func TestGeneratedAssemblyIsCurrent(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs the go command to run the generator: ", err)
	}
	for generator, name := range map[string]string{"tilegen": "tile_avx2_amd64.s", "vectorgen": "vector_avx2_amd64.s"} {
		out := filepath.Join(t.TempDir(), name)
		message, err := exec.Command("go", "run", "./internal/"+generator, "-out", out).CombinedOutput()
		require.NoError(t, err, string(message))
		want, err := os.ReadFile(out)
		require.NoError(t, err)
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, body(want), body(got), "run go generate ./kernels")
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
