package rewrite

import (
	"slices"

	"cnn-gpu/kernels"
)

// Folded names how a normalisation is computed that was folded into the op before it.
const Folded = "folded"

// RoundsAs names the algorithm that computes a plain op, which an op of a list rewritten by [Common] stands for, if that rounds otherwise.
func RoundsAs(op, plain kernels.Op) string {
	_, folds := op.(kernels.BatchNormFold)
	if _, isNorm := plain.(kernels.BatchNormFprop); folds && isNorm {
		return Folded
	}
	return ""
}

// foldBatchNorm multiplies the scale of a normalisation by given means and variances into the weights of the convolution or the dense layer before
// it, and shifts the bias; see [kernels.BatchNormFold]. The weights are given too, so that all of it is less work than a normalisation of the maps.
var foldBatchNorm = Pass{
	Name:   "fold-batch-norm",
	Does:   "fold a normalisation by moving averages into the weights and the bias of the convolution or dense layer before it",
	Rounds: true,
	Run: func(l *List) (times int) {
		for i, op := range l.Ops {
			conv, ok := weightedOf(op)
			if !ok {
				continue
			}
			norm, at, ok := Find(l, i, func(op kernels.BatchNormFprop) bool { return op.X == conv.y && op.C == conv.b.Elements })
			if !ok || !l.IsPrivate(conv.y, i, at) {
				continue
			}
			given := []*kernels.Buffer{conv.w.Buffer, conv.b.Buffer, norm.Mean, norm.Variance, norm.Gamma, norm.Beta}
			if !areGiven(given) || slices.ContainsFunc(append(given, conv.x), func(b *kernels.Buffer) bool { return b != nil && l.IsWritten(b, i, at) }) {
				continue
			}
			w := kernels.NewBuffer(conv.w.Buffer.Name+", folded", kernels.Float32, conv.w.Buffer.Shape...)
			b := kernels.NewBuffer(norm.Y.Name+" bias", kernels.Float32, norm.C)
			l.Ops[i] = kernels.BatchNormFold{
				D: conv.w.Elements / norm.C, K: norm.C, Epsilon: norm.Epsilon, W: conv.w.Buffer, B: conv.b.Buffer, Mean: norm.Mean,
				Variance: norm.Variance, Gamma: norm.Gamma, Beta: norm.Beta, FoldedW: w, FoldedB: b,
			}
			l.Ops[at] = conv.with(w, b, norm.Y)
			l.SwapParts(i, at)
			times++
		}
		return times
	},
}

// weighted is an op that makes each channel of its output of weights of its own, the last axis of W, and of a bias.
type weighted struct {
	x, y *kernels.Buffer
	w, b kernels.Operand
	with func(w, b, y *kernels.Buffer) kernels.Op // the op with other weights and another output
}

func weightedOf(op kernels.Op) (weighted, bool) {
	var with func(w, b, y *kernels.Buffer) kernels.Op
	switch op := op.(type) {
	case kernels.Conv2DFprop:
		with = func(w, b, y *kernels.Buffer) kernels.Op {
			op.W, op.B, op.Y = w, b, y
			return op
		}
	case kernels.DenseFprop:
		with = func(w, b, y *kernels.Buffer) kernels.Op {
			op.W, op.B, op.Y = w, b, y
			return op
		}
	default:
		return weighted{}, false
	}
	operands := op.Operands()
	return weighted{operands[0].Buffer, operands[3].Buffer, operands[1], operands[2], with}, true
}

// areGiven says whether values outlive a run: those that are computed within it need not be there before it.
func areGiven(buffers []*kernels.Buffer) bool {
	return !slices.ContainsFunc(buffers, func(b *kernels.Buffer) bool { return b != nil && !RootOf(b).Keep })
}
