package kernels

// BatchNormSums computes what the gradients of a batch normalisation sum over the images that are examples:
//
//	DYSum[c] = Σ_{n,p} DY[n,p,c]    DYXSum[c] = Σ_{n,p} DY[n,p,c] · X̂[n,p,c]
//
// They are the gradients by beta and by gamma, which [BiasWgrad] adds to what is there, and [BatchNormDgrad] needs both (Ioffe and Szegedy,
// 2015, section 3). See [BatchNorm].
type BatchNormSums struct {
	BatchNorm
	Examples
	Epsilon                              float64
	X, Mean, Variance, DY, DYSum, DYXSum *Buffer
}

// Name implements [Op].
func (op BatchNormSums) Name() string { return "batch_norm_sums" }

// Operands implements [Op].
func (op BatchNormSums) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.Elements()), op.operand(op.N), Floats("mean", op.Mean, Read, op.C), Floats("variance", op.Variance, Read, op.C),
		Floats("dy", op.DY, Read, op.Elements()), Floats("dy_sum", op.DYSum, Write, op.C), Floats("dyx_sum", op.DYXSum, Write, op.C),
	}
}

// Cost implements [Op].
func (op BatchNormSums) Cost() Cost { return CostOf(op, 4*op.Elements()) }
