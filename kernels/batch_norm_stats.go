package kernels

// BatchNormStats computes the mean and the variance of each channel over the places of the images that are examples, M in all:
//
//	Mean[c] = 1/M · Σ_{n,p} X[n,p,c]    Variance[c] = 1/M · Σ_{n,p} (X[n,p,c] − Mean[c])²
//
// The variance is the biased one, and taken in a second pass: the difference E[X²] − Mean² would cancel where the mean is large. Without any
// example both are 0. See [BatchNorm].
type BatchNormStats struct {
	BatchNorm
	Examples
	X, Mean, Variance *Buffer
}

// Name implements [Op].
func (op BatchNormStats) Name() string { return "batch_norm_stats" }

// Operands implements [Op].
func (op BatchNormStats) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.Elements()), op.operand(op.N),
		Floats("mean", op.Mean, Write, op.C), Floats("variance", op.Variance, Write, op.C),
	}
}

// Cost implements [Op].
func (op BatchNormStats) Cost() Cost { return CostOf(op, 4*op.Elements()) }
