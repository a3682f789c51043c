package cpu

import (
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// pooledGradient computes the gradients of a convolution before a max or min pool from the pool's gradients, without the convolution's
// own, most of which are zero. The bias's gradient sums the same values either way. A ReLU's gradient before the pool's joins them.
var pooledGradient = rewrite.Pass{
	Name: "pooled-gradient",
	Does: "multiply only the gradients that a max or min pool hands on to the convolution before it",
	Run: func(l *rewrite.List) (times int) {
		for i, op := range l.Ops {
			pool, ok := op.(kernels.Pool2DDgrad)
			if !ok || !pool.Kind.Picks() || pool.StrideH*pool.StrideW < 2 {
				continue
			}
			wgrad, at, ok := rewrite.Find(l, i, func(op kernels.Conv2DWgrad) bool {
				return op.DY == pool.DX && op.DilationW == 1 && op.GroupCount() == 1
			})
			if !ok {
				continue
			}
			grad := conv2DPoolGrad{Pool: pool, Wgrad: wgrad}
			users := []int{i, at}
			bias, biasAt, hasBias := rewrite.Find(l, i, func(op kernels.BiasWgrad) bool { return op.DY == pool.DX })
			if hasBias {
				grad.Bias = &kernels.BiasWgrad{M: pool.DY.Elements() / bias.K, K: bias.K, DY: pool.DY, DB: bias.DB}
				users = append(users, biasAt)
			}
			dgrad, dgradAt, hasDgrad := rewrite.Find(l, i, func(op kernels.Conv2DDgrad) bool { return op.DY == pool.DX })
			if hasDgrad {
				grad.Dgrad = &dgrad
				users = append(users, dgradAt)
			}
			if !l.IsPrivate(pool.DX, users...) {
				continue
			}
			relu, reluAt, hasReLU := rewrite.Find(l, 0, func(op kernels.ActivationDgrad) bool { return op.DX == pool.DY && op.Function == kernels.ReLU })
			if hasReLU && l.IsPrivate(pool.DY, reluAt, i) {
				grad.ReLU = &relu
				users = append(users, reluAt)
			}
			l.Join(at, grad, users...)
			times++
		}
		return times
	},
}
