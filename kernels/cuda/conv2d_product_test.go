package cuda

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
)

// The suite's short table computes products by every tile, forward and backward, with and without a halo, in as many stages as it may have.
func TestEveryProductTileIsTested(t *testing.T) {
	type kind struct {
		tile                productTile
		hasHalo, isResident bool
	}
	kindOf := func(tile productTile) kind {
		k := kind{hasHalo: tile.halo.pixels > 0, isResident: tile.stages == 0}
		tile.stages, tile.halo = 0, halo{}
		k.tile = tile
		return k
	}
	for _, p := range []kernels.Precision{kernels.TF32, kernels.BF16} {
		forward, backward := map[kind]bool{}, map[kind]bool{}
		for _, c := range kerneltest.Short() {
			for _, op := range c.Ops {
				switch made := productOf(op, p).(type) {
				case conv2DProductFprop:
					forward[kindOf(made.tile())] = true
				case conv2DProductDgrad:
					backward[kindOf(made.tile())] = true
				}
			}
		}
		for _, list := range []map[kind]bool{forward, backward} {
			columns, isBelow := map[int]bool{}, false
			for k := range list {
				if k.isResident {
					columns[k.tile.columns] = true
					isBelow = isBelow || k.tile.rows > k.tile.warpRows
				}
			}
			for _, n := range residentColumns {
				assert.True(t, columns[n], "no case keeps an image for tiles of %d columns in %v: add one to residentShapes in kernels/kerneltest/cases_tiles.go", n, p)
			}
			assert.True(t, isBelow, "no case keeps an image for two warps one below the other in %v: add one to residentShapes in kernels/kerneltest/cases_tiles.go", p)
		}
		for _, tile := range slices.Concat(productTiles, halo{pixels: 1, runs: 1, taps: 9}.tiles()) {
			k := kindOf(tile)
			assert.True(t, forward[k] && backward[k], "no case has tiles of %+v in %v: add one to tileCases in kernels/kerneltest/cases_tiles.go", k, p)
		}
	}
}

// Images so wide that no block holds the pixels of a row and its neighbours are copied for each tap.
func TestWideImagesHaveNoHalo(t *testing.T) {
	for _, width := range []int{56, 224, 1 << 16} {
		window, err := kernels.NewWindow([2]int{3, width}, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same)
		require.NoError(t, err)
		op := conv2DProductFprop{Conv2DFprop: kernels.Conv2DFprop{Conv2D: kernels.Conv2D{N: 512, C: 64, K: 64, Window: window}}, Precision: kernels.TF32}
		assert.Equal(t, width == 56, op.tile().halo.pixels > 0, "images of %d columns", width)
		assert.LessOrEqual(t, op.tile().shared(), mostShared)
	}
}
