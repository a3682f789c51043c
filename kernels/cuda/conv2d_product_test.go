package cuda

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
)

// The suite's short table computes products by every tile, forward and backward, in as many stages as it may have.
func TestEveryProductTileIsTested(t *testing.T) {
	type kind struct {
		hasHalo bool
		tile    productTile
	}
	kindOf := func(h halo, tile productTile) kind {
		tile.stages = 0
		return kind{h.pixels > 0, tile}
	}
	for _, p := range []kernels.Precision{kernels.TF32, kernels.BF16} {
		forward, backward := map[kind]bool{}, map[kind]bool{}
		for _, c := range kerneltest.Short() {
			for _, op := range c.Ops {
				switch made := productOf(op, p).(type) {
				case conv2DProductFprop:
					forward[kindOf(made.halo(), made.tile())] = true
				case conv2DProductDgrad:
					backward[kindOf(made.halo(), made.tile())] = true
				}
			}
		}
		for _, h := range []halo{{}, {pixels: 1}} {
			tiles := productTiles
			if h.pixels > 0 {
				tiles = haloTiles
			}
			for _, tile := range tiles {
				k := kindOf(h, tile)
				assert.True(t, forward[k] && backward[k], "no case has tiles of %+v in %v: add one to tileCases in kernels/kerneltest/cases_tiles.go", k, p)
			}
		}
	}
}
