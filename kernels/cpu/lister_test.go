package cpu

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

// The offsets are those that internal/listgen reads the fields by.
func TestListerLayout(t *testing.T) {
	var l lister
	assert.Equal(t, map[string]uintptr{
		"values": 0, "index": 24, "places": 48, "filterPlaces": 72, "filterValues": 96, "filterEnds": 120, "placeFilters": 144, "placeValues": 168,
		"placeEnds": 192, "compressions": 216, "windows": 224, "area": 232, "filters": 240, "filterSize": 248,
	}, map[string]uintptr{
		"values":       unsafe.Offsetof(l.values),
		"index":        unsafe.Offsetof(l.index),
		"places":       unsafe.Offsetof(l.places),
		"filterPlaces": unsafe.Offsetof(l.filterPlaces),
		"filterValues": unsafe.Offsetof(l.filterValues),
		"filterEnds":   unsafe.Offsetof(l.filterEnds),
		"placeFilters": unsafe.Offsetof(l.placeFilters),
		"placeValues":  unsafe.Offsetof(l.placeValues),
		"placeEnds":    unsafe.Offsetof(l.placeEnds),
		"compressions": unsafe.Offsetof(l.compressions),
		"windows":      unsafe.Offsetof(l.windows),
		"area":         unsafe.Offsetof(l.area),
		"filters":      unsafe.Offsetof(l.filters),
		"filterSize":   unsafe.Offsetof(l.filterSize),
	})
	assert.EqualValues(t, 8, listerVector)
}
