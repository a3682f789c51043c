package kernels

// BatchNormDgrad computes the gradient by the input of a batch normalisation whose mean and variance are the batch's, from the sums that
// [BatchNormSums] makes over M places:
//
//	DX[n,p,c] = Gamma[c] / √(Variance[c] + Epsilon) · (DY[n,p,c] − DYSum[c]/M − X̂[n,p,c] · DYXSum[c]/M)
//
// in images that are examples, and 0 in the others (Ioffe and Szegedy, 2015, section 3, simplified). Gamma, absent, is 1. DY and DX may be the
// same buffer. See [BatchNorm].
type BatchNormDgrad struct {
	BatchNorm
	Examples
	Epsilon                                         float64
	X, Mean, Variance, Gamma, DY, DYSum, DYXSum, DX *Buffer
}

// Name implements [Op].
func (op BatchNormDgrad) Name() string { return "batch_norm_dgrad" }

// Operands implements [Op].
func (op BatchNormDgrad) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.Elements()), op.operand(op.N), Floats("mean", op.Mean, Read, op.C), Floats("variance", op.Variance, Read, op.C),
		Floats("gamma", op.Gamma, Read, op.C).OptionalIf(true), Floats("dy", op.DY, Read, op.Elements()),
		Floats("dy_sum", op.DYSum, Read, op.C), Floats("dyx_sum", op.DYXSum, Read, op.C), Floats("dx", op.DX, Write, op.Elements()),
	}
}

// Cost implements [Op].
func (op BatchNormDgrad) Cost() Cost { return CostOf(op, 5*op.Elements()) }
