package kerneltest

import (
	"math"

	"cnn-gpu/kernels"
)

// lineWeights are the shares of a line's places in place p of the line that was enlarged by a factor: a hat of height 1 around each place.
func lineWeights(p, factor, extent int) []float64 {
	u := min(max((float64(p)+0.5)/float64(factor)-0.5, 0), float64(extent-1))
	weights := make([]float64, extent)
	for h := range weights {
		weights[h] = max(0, 1-math.Abs(u-float64(h)))
	}
	return weights
}

// eachShare calls f for each pixel of X that has a share in a value of Y.
func eachShare(g kernels.Bilinear2D, f func(x, y int, share Value)) {
	rows, columns := g.H*g.FactorH, g.W*g.FactorW
	for y := range g.N * rows * columns * g.C {
		c, q, p, n := y%g.C, y/g.C%columns, y/g.C/columns%rows, y/g.C/columns/rows
		for h, down := range lineWeights(p, g.FactorH, g.H) {
			for w, across := range lineWeights(q, g.FactorW, g.W) {
				// A share of less than this is one of none, but for what float64 rounds.
				if down > 1e-9 && across > 1e-9 {
					f(((n*g.H+h)*g.W+w)*g.C+c, y, shareOf(down).mul(shareOf(across)))
				}
			}
		}
	}
}

// shareOf is a share along one axis, which at the border is the sum of two that are rounded.
func shareOf(w float64) Value { return rounded(w, 2*unit*w) }

func bilinearFprop(g kernels.Bilinear2D, x []Value) []Value {
	sums := make([]sum, g.Outputs())
	eachShare(g, func(i, j int, share Value) { sums[j].addProduct(x[i], share) })
	return results(sums)
}

func bilinearDgrad(g kernels.Bilinear2D, dy []Value) []Value {
	sums := make([]sum, g.Inputs())
	eachShare(g, func(i, j int, share Value) { sums[i].addProduct(dy[j], share) })
	return results(sums)
}
