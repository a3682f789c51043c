package data

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counted is a set whose example i has the value i.
type counted int

func (counted) Name() string      { return "counted" }
func (c counted) Len() int        { return int(c) }
func (counted) Shape() []int      { return []int{1, 1, 1} }
func (counted) Classes() []string { return []string{"one"} }

func (counted) Example(i int, x []float32) (int32, error) {
	x[0] = float32(i)
	return 0, nil
}

// all is the values of a set's examples.
func all(t *testing.T, s Set) []int {
	t.Helper()
	var list []int
	x := make([]float32, 1)
	for i := range s.Len() {
		_, err := s.Example(i, x)
		require.NoError(t, err)
		list = append(list, int(x[0]))
	}
	return list
}

func TestSplit(t *testing.T) {
	split := func(n int, share float64, seed uint64) (rest, part []int) {
		t.Helper()
		r, p, err := Split(counted(n), share, seed)
		require.NoError(t, err)
		assert.Equal(t, "counted", p.Name())
		assert.Equal(t, []string{"one"}, r.Classes())
		rest, part = all(t, r), all(t, p)
		assert.True(t, slices.IsSorted(rest) && slices.IsSorted(part))
		assert.ElementsMatch(t, all(t, counted(n)), slices.Concat(rest, part), "each example is in one of the two")
		return rest, part
	}
	_, part := split(1000, 0.1, 1)
	assert.Len(t, part, 100)
	assert.NotEqual(t, all(t, counted(100)), part, "not simply the first")
	_, again := split(1000, 0.1, 1)
	assert.Equal(t, part, again)
	_, other := split(1000, 0.1, 2)
	assert.NotEqual(t, part, other)
	for share, want := range map[float64]int{0.001: 1, 0.24: 2, 0.26: 3, 0.9: 9} {
		_, part := split(10, share, 1)
		assert.Len(t, part, want, share)
	}
}

func TestSplitRefuses(t *testing.T) {
	for _, share := range []float64{0, 1, -0.1, 1.5, math.NaN(), math.Inf(1)} {
		_, _, err := Split(counted(10), share, 1)
		assert.ErrorContains(t, err, "expected more than 0 and less than 1")
	}
	for n, share := range map[int]float64{0: 0.5, 1: 0.5, 10: 0.99} {
		_, _, err := Split(counted(n), share, 1)
		assert.ErrorContains(t, err, "leaves none")
	}
	_, part, err := Split(counted(10), 0.3, 1)
	require.NoError(t, err)
	for _, i := range []int{-1, 3} {
		_, err = part.Example(i, make([]float32, 1))
		assert.ErrorContains(t, err, "the part holds 3")
	}
}
