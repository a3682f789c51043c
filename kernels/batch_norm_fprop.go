package kernels

// BatchNormFprop normalises each channel, then scales and shifts it:
//
//	Y[n,p,c] = Gamma[c] · X̂[n,p,c] + Beta[c]
//
// Mean and Variance are the batch's in training and moving averages otherwise. Gamma, absent, is 1, and Beta 0. Images that are no examples are
// computed like all others. See [BatchNorm].
type BatchNormFprop struct {
	BatchNorm
	Epsilon                           float64
	X, Mean, Variance, Gamma, Beta, Y *Buffer
}

// Name implements [Op].
func (op BatchNormFprop) Name() string { return "batch_norm_fprop" }

// Operands implements [Op].
func (op BatchNormFprop) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.Elements()), Floats("mean", op.Mean, Read, op.C), Floats("variance", op.Variance, Read, op.C),
		Floats("gamma", op.Gamma, Read, op.C).OptionalIf(true), Floats("beta", op.Beta, Read, op.C).OptionalIf(true),
		Floats("y", op.Y, Write, op.Elements()),
	}
}

// Cost implements [Op].
func (op BatchNormFprop) Cost() Cost { return CostOf(op, 3*op.Elements()) }
