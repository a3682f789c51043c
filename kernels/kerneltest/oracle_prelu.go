package kerneltest

import (
	"math"

	"cnn-gpu/kernels"
)

// isEither says whether a device's value may lie on the other side of 0.
func isEither(x Value) bool { return x.Bound > 0 && math.Abs(x.Want) <= x.Bound }

// preluFprop hands errors of x and a on. Where x may have either sign, so may the result be either piece.
func preluFprop(g kernels.PReLU, x, a []Value) []Value {
	y := make([]Value, len(x))
	for i, x := range x {
		slope := a[i%g.K]
		if y[i] = x; !(x.Want > 0) {
			y[i] = slope.mul(x)
		}
		if isEither(x) {
			y[i].Bound += elsewhere * (1 + slope.size()) * x.Bound
		}
	}
	return y
}

func preluDgrad(g kernels.PReLU, x, a, dy []Value) []Value {
	dx := make([]Value, len(x))
	for i, x := range x {
		slope := a[i%g.K]
		if dx[i] = dy[i]; !(x.Want > 0) {
			dx[i] = slope.mul(dy[i])
		}
		if isEither(x) {
			dx[i].Bound += elsewhere * (1 + slope.size()) * dy[i].size()
		}
	}
	return dx
}

func preluTerms(x, dy []Value) []Value {
	t := make([]Value, len(x))
	for i, x := range x {
		if x.Want > 0 && !isEither(x) {
			continue
		}
		t[i] = Value{math.Min(x.Want, 0), x.Bound}.mul(dy[i])
	}
	return t
}
