package data

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNoise(t *testing.T) {
	read := func(s Set, i int) ([]float32, int32) {
		x := make([]float32, 12)
		label, err := s.Example(i, x)
		require.NoError(t, err)
		return x, label
	}
	s := Noise([]int{2, 3, 2}, 5, 20, 1)
	assert.Equal(t, []int{2, 3, 2}, s.Shape())
	assert.Equal(t, []string{"0", "1", "2", "3", "4"}, s.Classes())
	counts, err := Counts(s) // which looks at every label
	require.NoError(t, err)
	assert.NotContains(t, counts, 20)
	for i := range s.Len() {
		x, label := read(s, i)
		again, sameLabel := read(Noise([]int{2, 3, 2}, 5, 20, 1), i)
		assert.Equal(t, x, again)
		assert.Equal(t, label, sameLabel)
		for _, v := range x {
			assert.True(t, v >= 0 && v <= 1, v)
		}
	}
	assert.True(t, assertBytes(t, s))
	first, _ := read(s, 0)
	second, _ := read(s, 1)
	assert.NotEqual(t, first, second)
	other, _ := read(Noise([]int{2, 3, 2}, 5, 20, 2), 0)
	assert.NotEqual(t, first, other)

	_, err = s.Example(20, make([]float32, 12))
	assert.ErrorContains(t, err, "no example 20")
	_, err = s.Example(0, make([]float32, 11))
	assert.ErrorContains(t, err, "12 values")
}
