package cpu

import "cnn-gpu/kernels"

func runThresholdReLUFprop(op kernels.ThresholdReLUFprop, mem []kernels.Mem, w *Workers) {
	x, y := mem[0].F32, mem[1].F32
	w.Range(len(y), func(lo, hi int) {
		for i, v := range x[lo:hi] {
			switch {
			case v > op.Threshold:
				if op.Max > 0 {
					v = min(v, op.Max)
				}
			case op.Slope > 0:
				v = op.Slope * (v - op.Threshold)
			case v == v: // no NaN
				v = 0
			}
			y[lo+i] = v
		}
	})
}

func runThresholdReLUDgrad(op kernels.ThresholdReLUDgrad, mem []kernels.Mem, w *Workers) {
	x, dy, dx := mem[0].F32, mem[1].F32, mem[2].F32
	w.Range(len(dx), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			switch v := x[i]; {
			case v > op.Threshold && (op.Max == 0 || v < op.Max):
				dx[i] = dy[i]
			case v > op.Threshold:
				dx[i] = 0
			default:
				dx[i] = op.Slope * dy[i]
			}
		}
	})
}
