package cpu

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

// The offsets are those that internal/gathergen reads the fields by.
func TestGatherLayout(t *testing.T) {
	var g gather
	var s gatherSpan
	assert.Equal(t, map[string]uintptr{
		"sums": 0, "b": 24, "spans": 48, "places": 72, "values": 96, "rows": 120, "vectors": 128, "sumsRow": 136, "bRow": 144,
		"span.sums": 0, "span.first": 8, "span.count": 16,
	}, map[string]uintptr{
		"sums": unsafe.Offsetof(g.sums), "b": unsafe.Offsetof(g.b), "spans": unsafe.Offsetof(g.spans), "places": unsafe.Offsetof(g.places), "values": unsafe.Offsetof(g.values),
		"rows": unsafe.Offsetof(g.rows), "vectors": unsafe.Offsetof(g.vectors),
		"sumsRow": unsafe.Offsetof(g.sumsRow), "bRow": unsafe.Offsetof(g.bRow),
		"span.sums": unsafe.Offsetof(s.sums), "span.first": unsafe.Offsetof(s.first), "span.count": unsafe.Offsetof(s.count),
	})
	assert.EqualValues(t, 24, unsafe.Sizeof(s))
	assert.EqualValues(t, 8, gatherVector)
	assert.EqualValues(t, 12, gatherSums)
	assert.EqualValues(t, 3, gatherRows)
}
