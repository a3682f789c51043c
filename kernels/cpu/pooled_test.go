package cpu

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

// The offsets are those that internal/pooledgen reads the fields of a pooledProduct by.
func TestPooledProductLayout(t *testing.T) {
	var p pooledProduct
	assert.Equal(t, map[string]uintptr{
		"x": 0, "panel": 24, "start": 48, "terms": 72, "windows": 96, "y": 120, "index": 144, "places": 168, "step": 200, "floor": 208,
	}, map[string]uintptr{
		"x": unsafe.Offsetof(p.x), "panel": unsafe.Offsetof(p.panel), "start": unsafe.Offsetof(p.start), "terms": unsafe.Offsetof(p.terms),
		"windows": unsafe.Offsetof(p.windows), "y": unsafe.Offsetof(p.y), "index": unsafe.Offsetof(p.index),
		"places": unsafe.Offsetof(p.places), "step": unsafe.Offsetof(p.step), "floor": unsafe.Offsetof(p.floor),
	})
	assert.EqualValues(t, 4, pooledPlaces)
	assert.EqualValues(t, 16, tileColumns)
}
