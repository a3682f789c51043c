package cpu

import "cnn-gpu/kernels"

func runWeightDecay(op kernels.WeightDecay, mem []kernels.Mem, w *Workers) {
	if mem[2].I32[0] != 0 {
		return
	}
	part := mem[1].F32[0] * float32(op.Decay)
	w.Range(len(mem[0].F32), func(lo, hi int) {
		weights := mem[0].F32[lo:hi]
		addScaled(weights, -part, weights)
	})
}
