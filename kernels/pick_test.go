package kernels

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

// The offsets are those that internal/pickgen reads the fields by.
func TestPickLayout(t *testing.T) {
	var p pick
	assert.Equal(t, map[string]uintptr{
		"x": 0, "bases": 24, "offsets": 48, "candidates": 72, "values": 96, "index": 120, "sums": 144, "windows": 168, "taps": 176, "filters": 184, "allTaps": 192,
	}, map[string]uintptr{
		"x":          unsafe.Offsetof(p.x),
		"bases":      unsafe.Offsetof(p.bases),
		"offsets":    unsafe.Offsetof(p.offsets),
		"candidates": unsafe.Offsetof(p.candidates),
		"values":     unsafe.Offsetof(p.values),
		"index":      unsafe.Offsetof(p.index),
		"sums":       unsafe.Offsetof(p.sums),
		"windows":    unsafe.Offsetof(p.windows),
		"taps":       unsafe.Offsetof(p.taps),
		"filters":    unsafe.Offsetof(p.filters),
		"allTaps":    unsafe.Offsetof(p.allTaps),
	})
	assert.EqualValues(t, 9, pickTaps)
	assert.EqualValues(t, 4, pickPlaces)
	assert.EqualValues(t, 8, pickFilters)
}
