package cpu

import "cnn-gpu/kernels"

func runRescale(op kernels.Rescale, mem []kernels.Mem, w *Workers) {
	x, y := mem[0].F32, mem[1].F32
	w.Range(len(x), func(lo, hi int) {
		for i, v := range x[lo:hi] {
			y[lo+i] = float32(op.Scale*v) + op.Offset // the conversion rounds the product on every processor
		}
	})
}
