package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

func runAdagrad(op kernels.Adagrad, mem []kernels.Mem, w *Workers) {
	if mem[4].I32[0] != 0 {
		return
	}
	weights, v, dw, rate := mem[0].F32, mem[1].F32, mem[2].F32, mem[3].F32[0]
	initial, epsilon := float32(op.Initial), float32(op.Epsilon)
	w.Range(len(weights), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			g := dw[i]
			v[i] += g * g
			weights[i] -= rate * g / float32(math.Sqrt(float64(initial+v[i]+epsilon)))
		}
	})
}
