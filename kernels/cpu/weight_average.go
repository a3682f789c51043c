package cpu

import "cnn-gpu/kernels"

func runWeightAverage(op kernels.WeightAverage, mem []kernels.Mem, w *Workers) {
	step := int(mem[2].I32[0])
	if mem[3].I32[0] != 0 {
		return
	}
	weights, average, old, fresh := mem[0].F32, mem[1].F32, float32(op.Momentum), float32(1-op.Momentum)
	overwrites := op.Overwrite > 0 && step%op.Overwrite == 0
	w.Range(len(weights), func(lo, hi int) {
		weights, average := weights[lo:hi], average[lo:hi]
		if step == 1 {
			copy(average, weights)
		} else {
			for i, v := range weights {
				average[i] = old*average[i] + fresh*v
			}
		}
		if overwrites {
			copy(weights, average)
		}
	})
}
