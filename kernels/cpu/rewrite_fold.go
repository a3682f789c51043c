package cpu

import (
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// foldOnce joins weights into which a normalisation is folded with the op that they are for, which derives them once for all runs in which what
// they are made of does not change.
var foldOnce = rewrite.Pass{
	Name: "fold-once",
	Does: "fold normalisations when weights change, and not in each run",
	Run: func(l *rewrite.List) (times int) {
		for i, op := range l.Ops {
			fold, ok := op.(kernels.BatchNormFold)
			if !ok {
				continue
			}
			for at := i + 1; at < len(l.Ops); at++ {
				conv, ok := convolutionOf(l.Ops[at])
				if !ok || conv.W != fold.FoldedW {
					continue
				}
				if l.IsPrivate(fold.FoldedW, i, at) && l.IsPrivate(fold.FoldedB, i, at) {
					conv.W, conv.B, conv.Fold = fold.W, fold.B, &fold
					l.Join(at, conv, i, at)
					times++
				}
				break
			}
		}
		return times
	},
}

// convolutionOf is the op as a convolution of this engine.
func convolutionOf(op kernels.Op) (conv2DFprop, bool) {
	switch op := op.(type) {
	case kernels.Conv2DFprop:
		return conv2DFprop{Conv2DFprop: op}, true
	case kernels.DenseFprop:
		return conv2DFprop{Conv2DFprop: op.AsConv2D()}, true
	}
	return conv2DFprop{}, false
}
