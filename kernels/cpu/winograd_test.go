package cpu

import (
	"os"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The offsets are those that internal/winogradgen reads the fields by.
func TestWinogradTransformLayout(t *testing.T) {
	var w winogradTransform
	assert.Equal(t, map[string]uintptr{
		"src": 0, "dst": 24, "start": 48, "srcRow": 72, "srcCol": 80, "srcTile": 88, "dstRow": 96, "dstCol": 104, "dstTile": 112,
		"tiles": 120, "vectors": 128, "floor": 136,
	}, map[string]uintptr{
		"src": unsafe.Offsetof(w.src), "dst": unsafe.Offsetof(w.dst), "start": unsafe.Offsetof(w.start),
		"srcRow": unsafe.Offsetof(w.srcRow), "srcCol": unsafe.Offsetof(w.srcCol), "srcTile": unsafe.Offsetof(w.srcTile),
		"dstRow": unsafe.Offsetof(w.dstRow), "dstCol": unsafe.Offsetof(w.dstCol), "dstTile": unsafe.Offsetof(w.dstTile),
		"tiles": unsafe.Offsetof(w.tiles), "vectors": unsafe.Offsetof(w.vectors), "floor": unsafe.Offsetof(w.floor),
	})
	assert.EqualValues(t, 8, winogradVector)
}

// AVX2 has 16 registers; where they do not suffice, avo takes those of AVX-512.
func TestWinogradAssemblyNeedsNoAVX512(t *testing.T) {
	assembly, err := os.ReadFile("winograd_amd64.s")
	require.NoError(t, err)
	assert.NotRegexp(t, `\bY(1[6-9]|2\d|3[01])\b`, string(assembly))
}
