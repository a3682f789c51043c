package cuda

import (
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// joinPools joins a pool with the activation before it and, backward, its gradient with that of an activation behind it. The places of a maximum or
// minimum, which only the two need, are bytes.
var joinPools = rewrite.Pass{
	Name: "join-pools",
	Does: "activate and pool in one pass over memory, and so back, with a byte for the place of a maximum",
	Run: func(l *rewrite.List) (times int) {
		for i := range l.Ops {
			pool, ok := l.Ops[i].(kernels.Pool2DFprop)
			if !ok {
				continue
			}
			gradient, at, ok := rewrite.Find(l, i, func(op kernels.Pool2DDgrad) bool { return op.Index == pool.Index && pool.Index != nil })
			if ok && pool.R*pool.S <= 255 && l.IsPrivate(pool.Index, i, at) {
				places := kernels.NewBuffer(pool.Index.Name, kernels.Uint8, pool.Index.Shape...)
				pool.Index, gradient.Index = places, places
				joinPoolBackward(l, gradient, at)
				joinPoolForward(l, pool, i)
				times++
			} else if pool.Index == nil && joinPoolForward(l, pool, i) {
				times++
			}
		}
		return times
	},
}

// joinPoolForward puts a pool in place of the one at an index, and says whether an activation before it is part of it now.
func joinPoolForward(l *rewrite.List, pool kernels.Pool2DFprop, i int) bool {
	chain := pool2DFpropChain{Pool: pool, Activation: linear}
	activation, at, ok := rewrite.Find(l, 0, func(op kernels.ActivationFprop) bool { return op.Y == pool.X })
	if ok = ok && activation.X != activation.Y && l.IsPrivate(pool.X, at, i) && !l.IsWritten(activation.X, at, i); ok {
		chain.Activation, chain.Pool.X = activation.Activation, activation.X
		l.Join(i, chain, at, i)
	} else if pool.Index != nil {
		l.Join(i, chain, i)
	}
	return ok
}

// joinPoolBackward puts a pool's gradient in place of the one at an index.
func joinPoolBackward(l *rewrite.List, pool kernels.Pool2DDgrad, i int) {
	chain := pool2DDgradChain{Pool: pool, Activation: linear}
	activation, at, ok := rewrite.Find(l, 0, func(op kernels.ActivationDgrad) bool { return op.DX == pool.DY })
	if ok && activation.DX != activation.DY && l.IsPrivate(pool.DY, at, i) && !areWritten(l, at, i, activation.V, activation.DY) {
		chain.Activation, chain.V, chain.Pool.DY = activation.Activation, activation.V, activation.DY
		l.Join(i, chain, at, i)
		return
	}
	l.Join(i, chain, i)
}
