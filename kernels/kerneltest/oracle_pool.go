package kerneltest

import (
	"math"

	"cnn-gpu/kernels"
)

// place is a position of a pool's window that lies inside the image: tap r·S + s, which meets element at of X.
type place struct{ tap, at int }

// places lists the positions that output (n, p, q, c) sees, in the order of the window.
func places(g kernels.Pool2D, n, p, q, c int) []place {
	var list []place
	for tap := range g.R * g.S {
		h := p*g.StrideH - g.PadTop + tap/g.S*g.DilationH
		w := q*g.StrideW - g.PadLeft + tap%g.S*g.DilationW
		if h >= 0 && h < g.H && w >= 0 && w < g.W {
			list = append(list, place{tap, ((n*g.H+h)*g.W+w)*g.C + c})
		}
	}
	return list
}

// eachOutput calls f for every output of a pool with its place in Y and what it sees.
func eachOutput(g kernels.Pool2D, f func(y int, window []place)) {
	for y := range g.N * g.P * g.Q * g.C {
		c, q, p, n := y%g.C, y/g.C%g.Q, y/g.C/g.Q%g.P, y/g.C/g.Q/g.P
		f(y, places(g, n, p, q, c))
	}
}

func poolFprop(g kernels.Pool2D, x []float64) (y, index []Value) {
	y = make([]Value, g.N*g.P*g.Q*g.C)
	if g.Kind == kernels.AveragePool {
		eachOutput(g, func(i int, window []place) {
			var total sum
			for _, w := range window {
				total.add(x[w.at])
			}
			y[i] = total.result().div(exact(float64(len(window))))
		})
		return y, nil
	}
	index = make([]Value, len(y))
	eachOutput(g, func(i int, window []place) {
		best := window[0]
		for _, w := range window[1:] {
			v, b := x[w.at], x[best.at]
			isNaN := math.IsNaN(v) && !math.IsNaN(b)
			if isNaN || g.Kind == kernels.MaxPool && v > b || g.Kind == kernels.MinPool && v < b {
				best = w
			}
		}
		y[i], index[i] = exact(x[best.at]), exact(float64(best.tap))
	})
	return y, index
}

func poolDgrad(g kernels.Pool2D, dy, index []float64) []Value {
	dx := make([]sum, g.N*g.H*g.W*g.C)
	eachOutput(g, func(i int, window []place) {
		// A product with the rounded reciprocal of the count errs by more than the quotient: the bound is for the product.
		share := exact(1).div(exact(float64(len(window))))
		for _, w := range window {
			switch {
			case g.Kind == kernels.AveragePool:
				dx[w.at].addValue(exact(dy[i]).mul(share))
			case w.tap == int(index[i]):
				dx[w.at].add(dy[i])
			}
		}
	})
	return results(dx)
}
