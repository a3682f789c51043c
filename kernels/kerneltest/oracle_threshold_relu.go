package kerneltest

import (
	"math"

	"cnn-gpu/kernels"
)

// isNear says whether a device's value may lie on the other side of an edge.
func isNear(x Value, edge float32) bool {
	return x.Bound > 0 && math.Abs(x.Want-float64(edge)) <= x.Bound
}

// thresholdReLUFprop hands errors of x on. Where x may lie on the other side of the threshold, f may be that of the other piece.
func thresholdReLUFprop(r kernels.ThresholdReLU, x []Value) []Value {
	y := make([]Value, len(x))
	threshold, slope, most := exact(float64(r.Threshold)), exact(float64(r.Slope)), float64(r.Max)
	for i, x := range x {
		switch {
		case x.Want > threshold.Want && (most == 0 || x.Want < most):
			y[i] = x
		case x.Want > threshold.Want:
			y[i] = Value{most, x.Bound}
		case slope.Want > 0 || math.IsNaN(x.Want):
			y[i] = slope.mul(x.sub(threshold))
		}
		if isNear(x, r.Threshold) {
			y[i].Bound += elsewhere * (threshold.Want + (1+slope.Want)*x.Bound)
		}
	}
	return y
}

func thresholdReLUDgrad(r kernels.ThresholdReLU, x, dy []Value) []Value {
	dx := make([]Value, len(x))
	for i, x := range x {
		switch {
		case x.Want > float64(r.Threshold) && (r.Max == 0 || x.Want < float64(r.Max)):
			dx[i] = dy[i]
		case !(x.Want > float64(r.Threshold)):
			dx[i] = exact(float64(r.Slope)).mul(dy[i])
		}
		if isNear(x, r.Threshold) || r.Max > 0 && isNear(x, r.Max) {
			dx[i].Bound += elsewhere * (1 + float64(r.Slope)) * dy[i].size()
		}
	}
	return dx
}
