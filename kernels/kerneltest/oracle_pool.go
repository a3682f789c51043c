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

// windows calls a function for every output of a pool with its place in Y and what it sees.
type windows func(visit func(y int, window []place))

func windowsOf(g kernels.Pool2D) windows {
	return func(visit func(y int, window []place)) { eachOutput(g, visit) }
}

// pooled takes the largest error of the places that may be the window's maximum or minimum: no other can change it. Where there are
// several, the index may be that of each.
func pooled(kind kernels.PoolKind, outputs int, each windows, x []Value) (y, index []Value, err error) {
	y = make([]Value, outputs)
	sign := 1.0
	switch kind {
	case kernels.AveragePool, kernels.SumPool:
		each(func(i int, window []place) {
			var total sum
			for _, w := range window {
				total.addValue(x[w.at])
			}
			if y[i] = total.result(); kind == kernels.AveragePool {
				y[i] = y[i].div(exact(float64(len(window))))
			}
		})
		return y, nil, nil
	case kernels.MaxPool:
	case kernels.MinPool:
		sign = -1
	default:
		return nil, nil, unknown(kind)
	}
	index = make([]Value, len(y))
	each(func(i int, window []place) {
		best := window[0]
		for _, w := range window[1:] {
			v, b := x[w.at].Want, x[best.at].Want
			if math.IsNaN(v) && !math.IsNaN(b) || sign*v > sign*b {
				best = w
			}
		}
		b := x[best.at]
		y[i], index[i] = b, exact(float64(best.tap))
		for _, w := range window {
			v := x[w.at]
			isDecided := v.Bound == 0 && b.Bound == 0
			if w != best && !isDecided && sign*v.Want+v.Bound >= sign*b.Want-b.Bound {
				y[i].Bound = max(y[i].Bound, v.Bound)
				index[i].Bound = max(index[i].Bound, math.Abs(float64(w.tap-best.tap)))
			}
		}
	})
	return y, index, nil
}

// unpooled hands errors on. Where the index may be that of several places, each of them may get the gradient.
func unpooled(kind kernels.PoolKind, inputs int, each windows, dy, index []Value) ([]Value, error) {
	if kind > kernels.SumPool {
		return nil, unknown(kind)
	}
	dx := make([]sum, inputs)
	each(func(i int, window []place) {
		// A product with the rounded reciprocal of the count errs by more than the quotient: the bound is for the product.
		share := exact(1).div(exact(float64(len(window))))
		for _, w := range window {
			switch {
			case kind == kernels.AveragePool:
				dx[w.at].addValue(dy[i].mul(share))
			case kind == kernels.SumPool:
				dx[w.at].addValue(dy[i])
			case w.tap == int(index[i].Want):
				dx[w.at].addValue(dy[i])
				if index[i].Bound > 0 {
					dx[w.at].bound += dy[i].size()
				}
			case math.Abs(float64(w.tap)-index[i].Want) <= index[i].Bound: // it may have been this place
				dx[w.at].addValue(Value{0, dy[i].size()})
			}
		}
	})
	return results(dx), nil
}
