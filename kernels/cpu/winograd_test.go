package cpu

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Both transform odd numbers of vectors alike, and write no more of them than they should.
func TestWinogradTransformsByAVX512AsByAVX2(t *testing.T) {
	if !slices.Contains(Variants(), avx512) {
		t.Skip("this CPU has no AVX-512")
	}
	used := variant
	defer func() { variant = used }()
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []float32 {
		s := make([]float32, n)
		for i := range s {
			s[i] = r.Float32() - 0.5
		}
		return s
	}
	const most, tiles, vectors = 5, 3, 5
	const pitch = vectors * winogradVector
	for tile, code := range winogradCodes {
		for stage := winogradInput; stage <= winogradSpread; stage++ {
			transform := winogradTransform{
				src: random(tiles * most * most * pitch), start: random(pitch), floor: -0.1,
				srcRow: most * pitch, srcCol: pitch, srcTile: most * most * pitch,
				dstRow: most * pitch, dstCol: pitch, dstTile: most * most * pitch, tiles: tiles,
			}
			before := random(tiles * most * most * pitch)
			for transform.vectors = range vectors {
				transform.vectors++
				after := map[string][]float32{}
				for _, variant = range []string{avx2, avx512} {
					transform.dst = slices.Clone(before)
					code.run(stage, &transform)
					after[variant] = transform.dst
				}
				assert.Equal(t, after[avx2], after[avx512], "tile %d, stage %d, %d vectors", tile, stage, transform.vectors)
				assert.NotEqual(t, before, after[avx512])
			}
		}
	}
}
