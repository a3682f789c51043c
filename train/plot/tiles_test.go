package plot

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counting gives 0, 1, 2, ..., so that a value tells its place.
func counting(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i)
	}
	return x
}

func TestMaps(t *testing.T) {
	const h, w, k = 3, 4, 5
	tiles, err := Maps(counting(h*w*k), h, w, k)
	require.NoError(t, err)
	require.Len(t, tiles, k)
	for i, tile := range tiles {
		assert.Equal(t, [3]int{h, w, 1}, [3]int{tile.H, tile.W, tile.C})
		assert.Equal(t, fmt.Sprintf("map %d", i), tile.Caption)
		for y := range h {
			for x := range w {
				assert.Equal(t, float32((y*w+x)*k+i), tile.Pixels[y*w+x])
			}
		}
	}
}

func TestFilters(t *testing.T) {
	const r, s, k = 3, 2, 4
	for _, c := range []int{1, 2, 3, 4, 5, 64} {
		tiles, scale, err := Filters(counting(r*s*c*k), r, s, c, k)
		require.NoError(t, err)
		assert.Equal(t, c == 3, scale == SignedColour)
		if c == 1 || c == 3 || c > 4 {
			require.Len(t, tiles, k)
		} else {
			require.Len(t, tiles, c*k)
		}
		for n, tile := range tiles {
			assert.Len(t, tile.Pixels, tile.H*tile.W*tile.C)
			filter, first := n*tile.C/c, n*tile.C%c
			assert.Contains(t, tile.Caption, fmt.Sprintf("filter %d", filter))
			for p, v := range tile.Pixels {
				position, channel := p/tile.C, first+p%tile.C
				assert.Equal(t, float32((position*c+channel)*k+filter), v, "tile %d, value %d", n, p)
			}
		}
	}
	tiles, _, err := Filters(counting(3*3*2*2), 3, 3, 2, 2)
	require.NoError(t, err)
	assert.Equal(t, "filter 1, c 1", tiles[3].Caption)
}

func TestTilesRefuseWrongShapes(t *testing.T) {
	_, err := Maps(counting(13), 2, 3, 2)
	assert.EqualError(t, err, "plot: maps: 13 values for shape [2,3,2]")
	_, err = Maps(nil, 0, 3, 2)
	assert.Error(t, err)
	_, _, err = Filters(counting(12), 2, 3, -1, -2)
	assert.EqualError(t, err, "plot: filters: 12 values for shape [2,3,-1,-2]")
	_, _, err = Filters(counting(12), 1<<62, 4, 1, 12)
	assert.Error(t, err)
}
