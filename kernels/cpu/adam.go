package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

func runAdam(op kernels.Adam, mem []kernels.Mem, w *Workers) {
	if mem[6].I32[0] != 0 {
		return
	}
	t := float64(mem[5].I32[0])
	rate := float32(float64(mem[4].F32[0]) * math.Sqrt(1-math.Pow(op.Beta2, t)) / (1 - math.Pow(op.Beta1, t)))
	new1, new2, epsilon := float32(1-op.Beta1), float32(1-op.Beta2), float32(op.Epsilon)
	w.Range(len(mem[0].F32), func(lo, hi int) {
		adamStep(mem[0].F32[lo:hi], mem[1].F32[lo:hi], mem[2].F32[lo:hi], mem[3].F32[lo:hi], new1, new2, rate, epsilon)
	})
}

// adamStep is the step, with what changes from step to step in rate.
func adamStep(w, m, v, g []float32, new1, new2, rate, epsilon float32) {
	if variant != portable {
		adamStepAVX2(w, m, v, g, new1, new2, rate, epsilon)
		return
	}
	for i, g := range g {
		m[i] += new1 * (g - m[i])
		v[i] += new2 * (g*g - v[i])
		w[i] -= rate * m[i] / (float32(math.Sqrt(float64(v[i]))) + epsilon)
	}
}
