package cpu

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

// The offsets are those that internal/vectorgen reads the fields of taps by.
func TestTapsLayout(t *testing.T) {
	var v taps
	assert.Equal(t, map[string]uintptr{
		"image": 0, "values": 24, "index": 48, "windows": 72, "channels": 80, "rows": 88, "columns": 96, "windowStep": 104,
		"rowStep": 112, "columnStep": 120, "first": 128, "rowTaps": 136, "divisor": 144,
	}, map[string]uintptr{
		"image": unsafe.Offsetof(v.image), "values": unsafe.Offsetof(v.values), "index": unsafe.Offsetof(v.index),
		"windows": unsafe.Offsetof(v.windows), "channels": unsafe.Offsetof(v.channels), "rows": unsafe.Offsetof(v.rows),
		"columns": unsafe.Offsetof(v.columns), "windowStep": unsafe.Offsetof(v.windowStep), "rowStep": unsafe.Offsetof(v.rowStep),
		"columnStep": unsafe.Offsetof(v.columnStep), "first": unsafe.Offsetof(v.first), "rowTaps": unsafe.Offsetof(v.rowTaps),
		"divisor": unsafe.Offsetof(v.divisor),
	})
}
