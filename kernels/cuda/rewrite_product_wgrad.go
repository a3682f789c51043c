package cuda

import (
	"slices"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// productWgrads gives tensor cores the gradients by filters, and by biases that sum the same values.
func productWgrads(p kernels.Precision) rewrite.Pass {
	return rewrite.Pass{
		Name:   "product-wgrads",
		Does:   "compute the gradients by filters and biases on tensor cores, by factors in " + p.String(),
		Rounds: true,
		Run: func(l *rewrite.List) (times int) {
			for i := 0; i < len(l.Ops); i++ {
				wgrad, ok := wgradOf(l.Ops[i])
				if !ok {
					continue
				}
				bias, at, hasBias := biasBehind(l, i, wgrad)
				made, ok := newConv2DProductWgrad(wgrad.Conv2D, p, hasBias)
				if !ok {
					continue
				}
				made.X, made.DY = wgrad.X, wgrad.DY
				joined := []int{i}
				var db *kernels.Buffer
				if hasBias {
					joined, db = append(joined, at), bias.DB
				}
				sums := made.sums(wgrad.DW, db, made.split.slices)
				l.Join(i, made, joined...)
				for _, sum := range sums {
					i++
					l.Insert(i, sum)
				}
				times++
			}
			return times
		},
	}
}

// wgradOf is the op as a gradient by filters.
func wgradOf(op kernels.Op) (kernels.Conv2DWgrad, bool) {
	switch op := op.(type) {
	case kernels.Conv2DWgrad:
		return op, true
	case kernels.DenseWgrad:
		return op.AsConv2D(), true
	}
	return kernels.Conv2DWgrad{}, false
}

// biasBehind is the gradient by the bias that sums what a gradient by filters multiplies, if it may as well be computed there.
func biasBehind(l *rewrite.List, i int, wgrad kernels.Conv2DWgrad) (kernels.BiasWgrad, int, bool) {
	bias, at, ok := rewrite.Find(l, i, func(op kernels.BiasWgrad) bool { return op.DY == wgrad.DY && op.K == wgrad.K })
	if !ok || l.IsWritten(wgrad.DY, i, at) || slices.ContainsFunc(l.Ops[i:at], func(op kernels.Op) bool { return op != nil && uses(op, bias.DB) }) {
		return bias, at, false
	}
	return bias, at, true
}

// uses says whether an op reads or writes some of a value's memory.
func uses(op kernels.Op, b *kernels.Buffer) bool {
	root, from := b.Root()
	return slices.ContainsFunc(op.Operands(), func(o kernels.Operand) bool {
		if o.Buffer == nil {
			return false
		}
		other, at := o.Buffer.Root()
		return other == root && at < from+b.Elements() && from < at+o.Buffer.Elements()
	})
}
