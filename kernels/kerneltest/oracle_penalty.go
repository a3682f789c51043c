package kerneltest

import (
	"math"

	"cnn-gpu/kernels"
)

func penaltyFprop(op kernels.PenaltyFprop, x, labels, loss []float64) []Value {
	out := exacts(loss)
	for n := range loss {
		if labels != nil && !isExample(labels[n], op.Classes) {
			continue
		}
		row := x
		if op.Each {
			m := len(x) / op.N
			row = x[n*m : (n+1)*m]
		}
		var all sum
		for _, v := range row {
			size := exact(math.Abs(v))
			all.addValue(exact(float64(op.L1)).mul(size).add(exact(float64(op.L2)).mul(size).mul(size)))
		}
		out[n] = exact(loss[n]).add(all.result())
	}
	return out
}

func penaltyDgrad(op kernels.PenaltyDgrad, x, labels, dy []float64) []Value {
	dx := make([]Value, len(x))
	of := exact(1)
	switch {
	case op.Each && labels == nil:
		of = exact(1).div(exact(float64(op.N)))
	case op.Each:
		of = share(labels, op.Classes)
	}
	for i, v := range x {
		if dx[i] = exact(dy[i]); op.Each && labels != nil && !isExample(labels[i/(len(x)/op.N)], op.Classes) {
			continue
		}
		sign := v // 0 or NaN
		if v > 0 {
			sign = 1
		} else if v < 0 {
			sign = -1
		}
		g := exact(float64(op.L1)).mul(exact(sign)).add(exact(2 * float64(op.L2)).mul(exact(v)))
		dx[i] = dx[i].add(of.mul(g))
	}
	return dx
}
