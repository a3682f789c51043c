package kernels

// PReLU is the geometry of a ReLU with learnt slopes A below zero, one for each of K columns (He, Zhang, Ren and Sun, "Delving deep into
// rectifiers", ICCV 2015, equation 1). X, Y and their gradients are [M K] for any leading dimensions that make M rows. A slope may have either
// sign, so the derivatives are told from X; at 0 they are those of the piece below.
type PReLU struct{ M, K int }

// PReLUFprop computes Y[m,k] = X[m,k] where X[m,k] > 0, else A[k]·X[m,k].
type PReLUFprop struct {
	PReLU
	X, A, Y *Buffer
}

// Name implements [Op].
func (op PReLUFprop) Name() string { return "prelu_fprop" }

// Operands implements [Op].
func (op PReLUFprop) Operands() []Operand {
	n := op.M * op.K
	return []Operand{Floats("x", op.X, Read, n), Floats("a", op.A, Read, op.K), Floats("y", op.Y, Write, n)}
}

// Cost implements [Op].
func (op PReLUFprop) Cost() Cost { return CostOf(op, op.M*op.K) }

// PReLUDgrad computes DX[m,k] = DY[m,k] where X[m,k] > 0, else A[k]·DY[m,k].
type PReLUDgrad struct {
	PReLU
	X, A, DY, DX *Buffer
}

// Name implements [Op].
func (op PReLUDgrad) Name() string { return "prelu_dgrad" }

// Operands implements [Op].
func (op PReLUDgrad) Operands() []Operand {
	n := op.M * op.K
	return []Operand{Floats("x", op.X, Read, n), Floats("a", op.A, Read, op.K), Floats("dy", op.DY, Read, n), Floats("dx", op.DX, Write, n)}
}

// Cost implements [Op].
func (op PReLUDgrad) Cost() Cost { return CostOf(op, op.M*op.K) }

// PReLUTerms computes the terms of the gradient by A, T[m,k] = 0 where X[m,k] > 0, else X[m,k]·DY[m,k]. A [BiasWgrad] adds up their columns.
type PReLUTerms struct {
	PReLU
	X, DY, T *Buffer
}

// Name implements [Op].
func (op PReLUTerms) Name() string { return "prelu_terms" }

// Operands implements [Op].
func (op PReLUTerms) Operands() []Operand {
	n := op.M * op.K
	return []Operand{Floats("x", op.X, Read, n), Floats("dy", op.DY, Read, n), Floats("t", op.T, Write, n)}
}

// Cost implements [Op].
func (op PReLUTerms) Cost() Cost { return CostOf(op, op.M*op.K) }
