package passes

import "cnn-gpu/kernels"

// chain joins a convolution with the ReLU and the pool behind it, where nothing else sees what they hand on.
var chain = Pass{
	Name: "chain",
	Does: "run a ReLU and a pool while the output of the convolution before them is in the cache",
	run: func(l *list) (times int) {
		for i, op := range l.ops {
			conv, ok := op.(kernels.Conv2DFprop)
			if !ok {
				continue
			}
			c := kernels.Conv2DChain{Conv: conv}
			y, last := conv.Y, i
			relu, at, ok := find(l, i, func(op kernels.ActivationFprop) bool { return op.X == y && op.Function == kernels.ReLU })
			if ok && l.isPrivate(y, last, at) {
				c.ReLU, y, last = &relu, relu.Y, at
			}
			pool, at, ok := find(l, i, func(op kernels.Pool2DFprop) bool { return op.X == y })
			if ok && l.isPrivate(y, last, at) {
				c.Pool = &pool
				l.ops[at] = nil
			}
			if c.ReLU == nil && c.Pool == nil {
				continue
			}
			l.ops[last] = nil
			l.ops[i] = c
			times++
		}
		return times
	},
}
