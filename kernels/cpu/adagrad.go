package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

func runAdagrad(op kernels.Adagrad, mem []kernels.Mem, w *Workers) {
	if mem[4].I32[0] != 0 {
		return
	}
	rate, initial, epsilon := mem[3].F32[0], float32(op.Initial), float32(op.Epsilon)
	w.Range(len(mem[0].F32), func(lo, hi int) {
		adagradStep(mem[0].F32[lo:hi], mem[1].F32[lo:hi], mem[2].F32[lo:hi], rate, initial, epsilon)
	})
}

func adagradStep(w, v, g []float32, rate, initial, epsilon float32) {
	if variant != portable {
		adagradStepAVX2(w, v, g, rate, initial, epsilon)
		return
	}
	for i, g := range g {
		v[i] += g * g
		w[i] -= rate * g / float32(math.Sqrt(float64(initial+v[i]+epsilon)))
	}
}
