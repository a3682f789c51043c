package kernels

// GroupNormWgrad adds the gradient by gamma of a [GroupNormFprop] to what is there; that by beta is a [BiasWgrad]:
//
//	DGamma[c] += Σ_{n,p} DY[n,p,c] · X̂[n,p,c]
type GroupNormWgrad struct {
	GroupNorm
	Epsilon                       float64
	X, Mean, Variance, DY, DGamma *Buffer
}

// Name implements [Op].
func (op GroupNormWgrad) Name() string { return "group_norm_wgrad" }

// Operands implements [Op].
func (op GroupNormWgrad) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.Elements()), Floats("mean", op.Mean, Read, op.N*op.G), Floats("variance", op.Variance, Read, op.N*op.G),
		Floats("dy", op.DY, Read, op.Elements()), Floats("dgamma", op.DGamma, Accumulate, op.C),
	}
}

// Cost implements [Op].
func (op GroupNormWgrad) Cost() Cost { return CostOf(op, 4*op.Elements()) }
