package kernels

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

// The offsets are those that internal/gathergen reads the fields by.
func TestGatherLayout(t *testing.T) {
	var g gather
	var s gatherSpan
	var e entry
	assert.Equal(t, map[string]uintptr{
		"sums": 0, "b": 24, "spans": 48, "entries": 72, "groups": 96, "rows": 104, "vectors": 112, "sumsRow": 120, "bRow": 128,
		"span.sums": 0, "span.first": 8, "span.count": 16, "entry.place": 0, "entry.value": 4,
	}, map[string]uintptr{
		"sums": unsafe.Offsetof(g.sums), "b": unsafe.Offsetof(g.b), "spans": unsafe.Offsetof(g.spans), "entries": unsafe.Offsetof(g.entries),
		"groups": unsafe.Offsetof(g.groups), "rows": unsafe.Offsetof(g.rows), "vectors": unsafe.Offsetof(g.vectors),
		"sumsRow": unsafe.Offsetof(g.sumsRow), "bRow": unsafe.Offsetof(g.bRow),
		"span.sums": unsafe.Offsetof(s.sums), "span.first": unsafe.Offsetof(s.first), "span.count": unsafe.Offsetof(s.count),
		"entry.place": unsafe.Offsetof(e.place), "entry.value": unsafe.Offsetof(e.value),
	})
	assert.EqualValues(t, 24, unsafe.Sizeof(s))
	assert.EqualValues(t, 8, unsafe.Sizeof(e))
	assert.EqualValues(t, 8, gatherVector)
	assert.EqualValues(t, 12, gatherSums)
	assert.EqualValues(t, 3, gatherRows)
}
