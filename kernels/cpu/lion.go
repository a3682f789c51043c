package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

func runLion(op kernels.Lion, mem []kernels.Mem, w *Workers) {
	if mem[4].I32[0] != 0 {
		return
	}
	weights, m, dw, rate := mem[0].F32, mem[1].F32, mem[2].F32, mem[3].F32[0]
	beta1, beta2 := float32(op.Beta1), float32(op.Beta2)
	new1, new2 := float32(1-op.Beta1), float32(1-op.Beta2)
	w.Range(len(weights), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			g := dw[i]
			direction := beta1*m[i] + new1*g
			m[i] = beta2*m[i] + new2*g
			// By its bits, for which the compiler needs no branch: random signs would mispredict it.
			const sign = 1 << 31
			step := math.Float32frombits(math.Float32bits(rate) | math.Float32bits(direction)&sign)
			if direction == 0 {
				step = 0
			}
			weights[i] -= step
		}
	})
}
