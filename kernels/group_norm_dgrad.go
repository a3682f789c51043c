package kernels

// GroupNormDgrad computes the gradient by the input of a [GroupNormFprop]. With D[n,p,c] = Gamma[c] · DY[n,p,c] and sums over the M values of the
// group g of c,
//
//	DX[n,p,c] = 1/√(Variance[n,g] + Epsilon) · (D[n,p,c] − 1/M · Σ D − X̂[n,p,c] · 1/M · Σ D·X̂)
//
// which is that of a batch normalisation (see [BatchNormDgrad]) but for the place of Gamma. Gamma, absent, is 1.
type GroupNormDgrad struct {
	GroupNorm
	Epsilon                          float64
	X, Mean, Variance, Gamma, DY, DX *Buffer
}

// Name implements [Op].
func (op GroupNormDgrad) Name() string { return "group_norm_dgrad" }

// Operands implements [Op].
func (op GroupNormDgrad) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.Elements()), Floats("mean", op.Mean, Read, op.N*op.G), Floats("variance", op.Variance, Read, op.N*op.G),
		Floats("gamma", op.Gamma, Read, op.C).OptionalIf(true), Floats("dy", op.DY, Read, op.Elements()), Floats("dx", op.DX, Write, op.Elements()),
	}
}

// Cost implements [Op].
func (op GroupNormDgrad) Cost() Cost { return CostOf(op, 10*op.Elements()) }
