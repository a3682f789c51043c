package cpu

import (
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// chain joins a convolution with the ReLU and the pool behind it, where nothing else sees what they hand on.
var chain = rewrite.Pass{
	Name: "chain",
	Does: "run a ReLU and a pool while the output of the convolution before them is in the cache",
	Run: func(l *rewrite.List) (times int) {
		for i, op := range l.Ops {
			conv, ok := op.(conv2DFprop)
			if plain, isPlain := op.(kernels.Conv2DFprop); isPlain {
				conv, ok = conv2DFprop{Conv2DFprop: plain}, true
			}
			if !ok {
				continue
			}
			c := conv2DChain{Conv: conv}
			y, joined := conv.Y, []int{i}
			last := i
			relu, at, ok := rewrite.Find(l, i, func(op kernels.ActivationFprop) bool { return op.X == y && op.Function == kernels.ReLU })
			if ok && l.IsPrivate(y, last, at) {
				c.ReLU, y, last = &relu, relu.Y, at
				joined = append(joined, at)
			}
			pool, at, ok := rewrite.Find(l, i, func(op kernels.Pool2DFprop) bool { return op.X == y })
			if ok && l.IsPrivate(y, last, at) {
				c.Pool = &pool
				joined = append(joined, at)
			}
			if len(joined) > 1 {
				l.Join(i, c, joined...)
				times++
			}
		}
		return times
	},
}
