package cuda

import (
	"slices"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// gatherFirst lets a first layer that is convolved directly gather its batch, and count the step: each of the three would wait for the one before.
var gatherFirst = rewrite.Pass{
	Name: "gather-first",
	Does: "count the step and gather the batch in the first layer, where that is convolved directly",
	Run: func(l *rewrite.List) (times int) {
		for i, op := range l.Ops {
			if conv, ok := op.(directConv2DFprop); ok && gatherIn(l, i, conv) {
				times++
			}
		}
		return times
	},
}

// gatherIn lets the convolution at an index gather its batch.
func gatherIn(l *rewrite.List, i int, conv directConv2DFprop) bool {
	g := conv.Conv.Conv2D
	gather, at, ok := rewrite.Find(l, 0, func(op kernels.GatherBatch) bool { return op.X == conv.Conv.X })
	if !ok || at > i || gather.X.Keep || gather.N != g.N || gather.H != g.H || gather.W != g.W || gather.C != g.C ||
		areWritten(l, at, i, gather.X, conv.Conv.W, conv.Conv.B) {
		return false
	}
	for _, made := range []*kernels.Buffer{conv.Y, conv.Index, conv.Places} {
		if made != nil && slices.ContainsFunc(l.Users(made), func(user int) bool { return user > at && user < i }) {
			return false
		}
	}
	tick, tickAt, ok := rewrite.Find(l, 0, func(op kernels.Tick) bool { return op.At == gather.At })
	if !ok || tickAt > at {
		return false
	}
	for _, counted := range []*kernels.Buffer{tick.Step, tick.At, tick.Rate} {
		if counted != nil && meets(l, counted, tickAt, at) {
			return false
		}
	}
	if slices.Equal(l.Users(gather.X), []int{at, i}) {
		conv.Conv.X = nil
	}
	made := newDirectConv2DGatheredFprop(tick, gather, conv)
	if !fits(made) {
		return false
	}
	l.Join(at, made, tickAt, at, i)
	return true
}
