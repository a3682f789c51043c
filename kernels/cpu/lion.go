package cpu

import (
	"cnn-gpu/kernels"
)

func runLion(op kernels.Lion, mem []kernels.Mem, w *Workers) {
	if mem[4].I32[0] != 0 {
		return
	}
	beta1, beta2, rate := float32(op.Beta1), float32(op.Beta2), mem[3].F32[0]
	new1, new2 := float32(1-op.Beta1), float32(1-op.Beta2)
	w.Range(len(mem[0].F32), func(lo, hi int) {
		lionStep(mem[0].F32[lo:hi], mem[1].F32[lo:hi], mem[2].F32[lo:hi], beta1, new1, beta2, new2, rate)
	})
}

// lionStep is the step. A direction that is 0, or no number, is its own sign.
func lionStep(w, m, g []float32, beta1, new1, beta2, new2, rate float32) {
	if variant != portable {
		lionStepAVX2(w, m, g, beta1, new1, beta2, new2, rate)
		return
	}
	for i, g := range g {
		step := beta1*m[i] + new1*g
		switch {
		case step > 0:
			step = rate
		case step < 0:
			step = -rate
		}
		w[i] -= step
		m[i] = beta2*m[i] + new2*g
	}
}
