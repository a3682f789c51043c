package kernels

// SoftmaxFprop computes, for each row of X [N K],
//
//	Y[n,k] = exp(X[n,k] − max_j X[n,j]) / Σ_i exp(X[n,i] − max_j X[n,j]).
//
// Subtracting the maximum keeps every exponential in (0, 1], whatever the size of X.
type SoftmaxFprop struct {
	N, K int
	X, Y *Buffer
}

// Name implements [Op].
func (op SoftmaxFprop) Name() string { return "softmax_fprop" }

// Operands implements [Op].
func (op SoftmaxFprop) Operands() []Operand {
	return []Operand{Floats("x", op.X, Read, op.N*op.K), Floats("y", op.Y, Write, op.N*op.K)}
}

// Cost implements [Op].
func (op SoftmaxFprop) Cost() Cost { return CostOf(op, 5*op.N*op.K) }

// SoftmaxDgrad computes a softmax's gradient by its input, DX[n,k] = Y[n,k] · (DY[n,k] − Σ_j DY[n,j]·Y[n,j]).
type SoftmaxDgrad struct {
	N, K      int
	Y, DY, DX *Buffer
}

// Name implements [Op].
func (op SoftmaxDgrad) Name() string { return "softmax_dgrad" }

// Operands implements [Op].
func (op SoftmaxDgrad) Operands() []Operand {
	return []Operand{Floats("y", op.Y, Read, op.N*op.K), Floats("dy", op.DY, Read, op.N*op.K), Floats("dx", op.DX, Write, op.N*op.K)}
}

// Cost implements [Op].
func (op SoftmaxDgrad) Cost() Cost { return CostOf(op, 4*op.N*op.K) }
