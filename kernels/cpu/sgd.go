package cpu

import "cnn-gpu/kernels"

func runSGD(op kernels.SGD, mem []kernels.Mem, w *Workers) {
	if mem[4].I32[0] != 0 {
		return
	}
	rate, momentum := mem[3].F32[0], float32(op.Momentum)
	w.Range(len(mem[0].F32), func(lo, hi int) {
		weights, g := mem[0].F32[lo:hi], mem[2].F32[lo:hi]
		switch {
		case mem[1].F32 == nil:
			addScaled(weights, -rate, g)
		case op.Nesterov:
			nesterovStep(weights, mem[1].F32[lo:hi], g, momentum, rate)
		default:
			momentumStep(weights, mem[1].F32[lo:hi], g, momentum, rate)
		}
	})
}

// momentumStep makes a step with momentum.
func momentumStep(w, v, g []float32, momentum, rate float32) {
	if variant != portable {
		momentumStepAVX2(w, v, g, momentum, rate)
		return
	}
	for i, g := range g {
		v[i] = momentum*v[i] - rate*g
		w[i] += v[i]
	}
}

// nesterovStep makes a step with Nesterov's momentum.
func nesterovStep(w, v, g []float32, momentum, rate float32) {
	if variant != portable {
		nesterovStepAVX2(w, v, g, momentum, rate)
		return
	}
	for i, g := range g {
		step := rate * g
		v[i] = momentum*v[i] - step
		w[i] += momentum*v[i] - step
	}
}
