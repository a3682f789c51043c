package kernels

// BatchNormFold folds a batch normalisation by given means and variances into the filters and the bias of the convolution or the dense layer
// before it, whose output it normalises (Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only
// inference", CVPR 2018, section 3.2). With the scale S[k] = Gamma[k] / √(Variance[k] + Epsilon) of each channel k of that output,
//
//	FoldedW[d,k] = W[d,k] · S[k]    FoldedB[k] = (B[k] − Mean[k]) · S[k] + Beta[k]
//
// W is [D K]: D weights make a channel. B and Beta, absent, are 0, and Gamma is 1. See [BatchNormFprop].
type BatchNormFold struct {
	D, K                                                int
	Epsilon                                             float64
	W, B, Mean, Variance, Gamma, Beta, FoldedW, FoldedB *Buffer
}

// Name implements [Op].
func (op BatchNormFold) Name() string { return "batch_norm_fold" }

// Operands implements [Op].
func (op BatchNormFold) Operands() []Operand {
	return []Operand{
		Floats("w", op.W, Read, op.D*op.K), Floats("b", op.B, Read, op.K).OptionalIf(true),
		Floats("mean", op.Mean, Read, op.K), Floats("variance", op.Variance, Read, op.K),
		Floats("gamma", op.Gamma, Read, op.K).OptionalIf(true), Floats("beta", op.Beta, Read, op.K).OptionalIf(true),
		Floats("folded_w", op.FoldedW, Write, op.D*op.K), Floats("folded_b", op.FoldedB, Write, op.K),
	}
}

// Cost implements [Op].
func (op BatchNormFold) Cost() Cost { return CostOf(op, op.D*op.K+3*op.K) }
