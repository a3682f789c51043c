package cpu

import (
	"slices"

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
			y, joined := conv.Y, []int{i}
			last := i
			add, at, ok := rewrite.Find(l, i, func(op kernels.Add) bool { return op.A == y || op.B == y })
			if ok && canAddEarly(l, add, y, i, at) {
				c.Add, y, last = &add, add.Y, at
				joined = append(joined, at)
			}
			activation, at, ok := rewrite.Find(l, i, func(op kernels.ActivationFprop) bool { return op.X == y })
			if _, isKnown := activations[activation.Function]; ok && isKnown && l.IsPrivate(y, last, at) {
				c.Activation, y, last = &activation, activation.Y, at
				joined = append(joined, at)
			}
			pool, at, ok := rewrite.Find(l, i, func(op kernels.Pool2DFprop) bool { return op.X == y })
			if ok && c.Add == nil && l.IsPrivate(y, last, at) {
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

// canAddEarly says whether the sum at an index can be made by the convolution at another, whose output y it takes: what is added to y is there by
// then, and nobody sees the sum's memory in between.
func canAddEarly(l *rewrite.List, add kernels.Add, y *kernels.Buffer, conv, at int) bool {
	other := add.A
	if other == y {
		other = add.B
	}
	sum := rewrite.RootOf(add.Y)
	if add.A == add.B || sum == rewrite.RootOf(y) || sum == rewrite.RootOf(other) || !l.IsPrivate(y, conv, at) || l.IsWritten(other, conv, at) {
		return false
	}
	return !slices.ContainsFunc(l.Users(add.Y), func(user int) bool { return conv <= user && user < at })
}
