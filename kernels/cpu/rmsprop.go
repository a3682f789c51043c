package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

func runRMSprop(op kernels.RMSprop, mem []kernels.Mem, w *Workers) {
	if mem[6].I32[0] != 0 {
		return
	}
	weights, v, a, m, dw, rate := mem[0].F32, mem[1].F32, mem[2].F32, mem[3].F32, mem[4].F32, mem[5].F32[0]
	rho, momentum, epsilon := float32(op.Rho), float32(op.Momentum), float32(op.Epsilon)
	fresh := float32(1 - op.Rho)
	w.Range(len(weights), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			g := dw[i]
			v[i] = rho*v[i] + fresh*(g*g)
			spread := v[i]
			if op.Centered {
				a[i] = rho*a[i] + fresh*g
				spread = max(spread-a[i]*a[i], 0)
			}
			step := rate * g / float32(math.Sqrt(float64(spread+epsilon)))
			if op.Momentum != 0 {
				m[i] = momentum*m[i] + step
				step = m[i]
			}
			weights[i] -= step
		}
	})
}
