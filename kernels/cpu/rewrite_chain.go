package cpu

import (
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// chain joins a convolution with the sum, the activation and the pool behind it, where nothing else sees what they hand on.
var chain = rewrite.Pass{
	Name: "chain",
	Does: "run a sum, an activation and a pool while the output of the convolution before them is in the cache",
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
			var joined []int
			var y *kernels.Buffer
			c.ending, joined, y = endingOf(l, i, conv.Y)
			pool, at, ok := rewrite.Find(l, i, func(op kernels.Pool2DFprop) bool { return op.X == y })
			if ok && c.Add == nil && l.IsPrivate(y, joined[len(joined)-1], at) {
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
