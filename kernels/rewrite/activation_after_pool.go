package rewrite

import "cnn-gpu/kernels"

// activationAfterPool lets an activation's gradient run on what a pool kept of its values. A maximum or minimum hands its gradient to
// the one place that it took its value from, so both orders multiply by the same derivative, told from the pool's output:
//
//	DR = pool gradient of DY,  DX = DR · f′(R)   becomes   DZ = DY · f′(Y),  DX = pool gradient of DZ.
//
// A derivative that is told from what the activation took is left alone, since the pool kept nothing of that.
var activationAfterPool = Pass{
	Name: "activation-after-pool",
	Does: "run an activation's gradient on the output of the max or min pool behind it",
	Run: func(l *List) (times int) {
		for i, op := range l.Ops {
			pool, ok := op.(kernels.Pool2DFprop)
			if !ok || !pool.Kind.Picks() {
				continue
			}
			gradient, at, ok := Find(l, i, func(op kernels.Pool2DDgrad) bool { return op.Index == pool.Index && pool.Index != nil })
			if !ok {
				continue
			}
			activation, next, ok := Find(l, at, func(op kernels.ActivationDgrad) bool { return op.V == pool.X && op.DY == gradient.DX })
			if !ok || !l.IsPrivate(gradient.DX, at, next) {
				continue
			}
			dz := kernels.NewBuffer(gradient.DY.Name+" before the activation", kernels.Float32, pool.Y.Shape...)
			l.Ops[at] = kernels.ActivationDgrad{Activation: activation.Activation, V: pool.Y, DY: gradient.DY, DX: dz}
			l.Ops[next] = kernels.Pool2DDgrad{Pool2D: gradient.Pool2D, DY: dz, Index: gradient.Index, DX: activation.DX}
			l.SwapParts(at, next)
			times++
		}
		return times
	},
}
