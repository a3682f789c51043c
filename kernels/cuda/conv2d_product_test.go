package cuda

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
)

// The suite's short table computes products by every tile, forward and backward.
func TestEveryProductTileIsTested(t *testing.T) {
	for _, p := range []kernels.Precision{kernels.TF32, kernels.BF16} {
		forward, backward := map[productTile]bool{}, map[productTile]bool{}
		for _, c := range kerneltest.Short() {
			for _, op := range c.Ops {
				switch made := productOf(op, p).(type) {
				case conv2DProductFprop:
					forward[made.tile()] = true
				case conv2DProductDgrad:
					backward[made.tile()] = true
				}
			}
		}
		for _, tile := range productTiles {
			assert.True(t, forward[tile] && backward[tile], "no case has tiles of %v in %v: add one to tileCases in kernels/kerneltest/cases_tiles.go", tile, p)
		}
	}
}
