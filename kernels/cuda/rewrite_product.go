package cuda

import (
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// products gives tensor cores the convolutions and dense layers and their gradients by the input.
func products(p kernels.Precision) rewrite.Pass {
	return rewrite.Pass{
		Name:   "products",
		Does:   "multiply on tensor cores, by factors in " + p.String(),
		Rounds: true,
		Run: func(l *rewrite.List) (times int) {
			for i, op := range l.Ops {
				if made := productOf(op, p); made != nil {
					l.Ops[i] = made
					times++
				}
			}
			return times
		},
	}
}

// productOf is an op on tensor cores; nil if they cannot compute it.
func productOf(op kernels.Op, p kernels.Precision) product {
	switch op := op.(type) {
	case kernels.DenseFprop:
		return productOf(op.AsConv2D(), p)
	case kernels.DenseDgrad:
		return productOf(op.AsConv2D(), p)
	case kernels.Conv2DFprop:
		if made := (conv2DProductFprop{op, p}); made.product().fits(op.C, made.factors()) {
			return made
		}
	case kernels.Conv2DDgrad:
		if made := (conv2DProductDgrad{op, p}); made.product().fits(op.K, made.factors()) {
			return made
		}
	}
	return nil
}
