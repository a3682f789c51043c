package kernels

// GroupNormFprop normalises each group of each example, then scales and shifts its channels:
//
//	Mean[n,g] = 1/M · Σ X[n,p,c]    Variance[n,g] = 1/M · Σ (X[n,p,c] − Mean[n,g])²    Y[n,p,c] = Gamma[c] · X̂[n,p,c] + Beta[c]
//
// over the M = P·C/G values of a group. The variance is the biased one, taken in a second pass. Gamma, absent, is 1, and Beta 0; Mean and
// Variance, for the gradients, are written where they are there. See [GroupNorm].
type GroupNormFprop struct {
	GroupNorm
	Epsilon                           float64
	X, Gamma, Beta, Mean, Variance, Y *Buffer
}

// Name implements [Op].
func (op GroupNormFprop) Name() string { return "group_norm_fprop" }

// Operands implements [Op].
func (op GroupNormFprop) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.Elements()), Floats("gamma", op.Gamma, Read, op.C).OptionalIf(true), Floats("beta", op.Beta, Read, op.C).OptionalIf(true),
		Floats("mean", op.Mean, Write, op.N*op.G).OptionalIf(true), Floats("variance", op.Variance, Write, op.N*op.G).OptionalIf(true),
		Floats("y", op.Y, Write, op.Elements()),
	}
}

// Cost implements [Op].
func (op GroupNormFprop) Cost() Cost { return CostOf(op, 7*op.Elements()) }
