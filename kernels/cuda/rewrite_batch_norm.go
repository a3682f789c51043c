package cuda

import (
	"slices"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// joinBatchNorm joins a normalisation with the residual sum and the activation behind it and, backward, its sums and its gradient with the gradient
// of that activation, which then need not lie in memory. The bits stay, since each value is computed as before.
var joinBatchNorm = rewrite.Pass{
	Name: "join-batch-norm",
	Does: "normalise, add and activate in one pass over memory, and so back",
	Run: func(l *rewrite.List) (times int) {
		// Backward first: who computes what an activation took once more leaves it to nobody else.
		for i := range l.Ops {
			times += joinBatchNormBackward(l, i)
		}
		for i := range l.Ops {
			times += joinBatchNormForward(l, i)
		}
		for i, op := range l.Ops {
			if dgrad, ok := op.(kernels.BatchNormDgrad); ok { // as an op that can round its result
				l.Join(i, batchNormDgradChain{Dgrad: dgrad, activationGradient: activationGradient{Activation: linear, Gamma: dgrad.Gamma, A: dgrad.DY}}, i)
			}
		}
		return times
	},
}

// joinBatchNormForward joins the normalisation at an index with what follows it.
func joinBatchNormForward(l *rewrite.List, i int) int {
	norm, ok := l.Ops[i].(kernels.BatchNormFprop)
	if !ok {
		return 0
	}
	chain, joined := batchNormFpropChain{Norm: norm, Y: norm.Y}, []int{i}
	last := func() int { return joined[len(joined)-1] }
	sum, at, ok := rewrite.Find(l, i, func(op kernels.Add) bool { return op.A == norm.Y || op.B == norm.Y })
	if ok && sum.A != sum.B && l.IsPrivate(norm.Y, i, at) {
		chain.Addend = sum.A
		if sum.A == norm.Y {
			chain.Addend = sum.B
		}
		chain.Y, joined = sum.Y, append(joined, at)
	}
	activation, at, ok := rewrite.Find(l, i, func(op kernels.ActivationFprop) bool { return op.X == chain.Y })
	if ok && l.IsPrivate(chain.Y, last(), at) {
		chain.Activation, chain.Y, joined = &activation, activation.Y, append(joined, at)
	}
	read := []*kernels.Buffer{norm.X, norm.Mean, norm.Variance, norm.Gamma, norm.Beta}
	if len(joined) == 1 || areWritten(l, i, last(), read...) || chain.Addend != nil && areWritten(l, joined[1], last(), chain.Addend) {
		return 0
	}
	l.Join(last(), chain, joined...)
	return 1
}

// joinBatchNormBackward joins the gradient of the activation at an index with the sums of the normalisation before it, which come behind it, and
// with its gradient unless others read what is between them.
func joinBatchNormBackward(l *rewrite.List, i int) int {
	activation, ok := l.Ops[i].(kernels.ActivationDgrad)
	if !ok {
		return 0
	}
	ds := activation.DX
	sums, at, ok := rewrite.Find(l, i, func(op kernels.BatchNormSums) bool { return op.DY == ds })
	if !ok || areWritten(l, i, at, ds, sums.X, sums.Mean, sums.Variance) || slices.Contains([]*kernels.Buffer{activation.V, activation.DY}, ds) {
		return 0
	}
	chain := batchNormSumsChain{Sums: sums, DS: ds, activationGradient: activationGradient{Activation: activation.Activation, V: activation.V, A: activation.DY}}
	joined := []int{i, at}
	if from := outputOf(l, sums, activation, i); from != nil {
		chain.V, chain.Gamma, chain.Beta = nil, from.Gamma, from.Beta
	}
	sum, before, ok := lastAdd(l, i, activation.DY)
	if ok && l.IsPrivate(activation.DY, before, i) && !areWritten(l, before, i, sum.A, sum.B) {
		chain.A, chain.B, joined = sum.A, sum.B, append(joined, before)
	}
	for _, parameter := range []struct {
		sum *kernels.Buffer
		to  **kernels.Buffer
	}{{sums.DYXSum, &chain.DGamma}, {sums.DYSum, &chain.DBeta}} {
		gradient, behind, ok := rewrite.Find(l, at, func(op kernels.BiasWgrad) bool { return op.DY == parameter.sum && op.M == 1 })
		if ok && !meets(l, gradient.DB, i, behind) {
			*parameter.to, joined = gradient.DB, append(joined, behind)
		}
	}
	dgrad, behind, ok := rewrite.Find(l, at, func(op kernels.BatchNormDgrad) bool { return op.DY == ds && op.DYSum == sums.DYSum })
	g := chain.activationGradient
	if ok && l.IsPrivate(ds, i, at, behind) && !areWritten(l, i, behind, sums.X, g.V, g.A, g.B, g.Gamma, g.Beta) {
		g.Gamma = dgrad.Gamma
		chain.DS = nil
		l.Join(behind, batchNormDgradChain{Dgrad: dgrad, activationGradient: g}, behind)
	} else if ok = l.IsPrivate(ds, i, at); ok {
		chain.DS = nil
	}
	l.Join(i, chain, joined...)
	return 1
}

// outputOf is the normalisation whose output an activation takes, if the gradient of that at an index can tell its value from the normalisation's
// input, which the sums have loaded.
func outputOf(l *rewrite.List, sums kernels.BatchNormSums, gradient kernels.ActivationDgrad, at int) *kernels.BatchNormFprop {
	norm, i, ok := rewrite.Find(l, 0, func(op kernels.BatchNormFprop) bool {
		return op.X == sums.X && op.Mean == sums.Mean && op.Variance == sums.Variance && op.Epsilon == sums.Epsilon
	})
	if !ok || i > at || areWritten(l, i, at, norm.X, norm.Mean, norm.Variance, norm.Gamma, norm.Beta) {
		return nil
	}
	if gradient.FromX() && gradient.V == norm.Y {
		return &norm
	}
	_, _, ok = rewrite.Find(l, i, func(op kernels.ActivationFprop) bool {
		return op.X == norm.Y && op.Y == gradient.V && op.Activation == gradient.Activation
	})
	if !ok {
		return nil
	}
	return &norm
}

// lastAdd is the sum before an index that makes a value.
func lastAdd(l *rewrite.List, before int, y *kernels.Buffer) (sum kernels.Add, at int, found bool) {
	for at := before - 1; at >= 0; at-- {
		if sum, ok := l.Ops[at].(kernels.Add); ok && sum.Y == y {
			return sum, at, sum.A != y && sum.B != y
		}
	}
	return sum, -1, false
}

// areWritten says whether an op between two others writes the memory of any of the buffers, of which some may be nil.
func areWritten(l *rewrite.List, from, to int, buffers ...*kernels.Buffer) bool {
	return slices.ContainsFunc(buffers, func(b *kernels.Buffer) bool { return b != nil && l.IsWritten(b, from, to) })
}

// meets says whether an op between two others reads or writes a part of a buffer's values.
func meets(l *rewrite.List, b *kernels.Buffer, from, to int) bool {
	return slices.ContainsFunc(l.Ops[from+1:to], func(op kernels.Op) bool {
		return op != nil && slices.ContainsFunc(op.Operands(), func(o kernels.Operand) bool { return o.Buffer != nil && overlap(o.Buffer, b) })
	})
}

// overlap says whether two buffers have memory in common.
func overlap(a, b *kernels.Buffer) bool {
	root, first := a.Root()
	other, at := b.Root()
	return root == other && first < at+b.Elements() && at < first+a.Elements()
}
