package kernels

// CrossEntropyFprop computes softmax and sparse categorical cross-entropy in one, from logits X [N K] and labels [N]:
//
//	Y = softmax(X)    Loss[n] = log Σ_k exp X[n,k] − X[n, Labels[n]]
//
// The loss is taken from the logits and not from Y, so it stays right where a probability rounds to 0 or 1. A label outside
// [0, K) marks a row that is no example, such as the rest of a last, smaller batch: its loss is 0 and so is its gradient.
type CrossEntropyFprop struct {
	N, K               int
	X, Labels, Y, Loss *Buffer
}

// Name implements [Op].
func (op CrossEntropyFprop) Name() string { return "cross_entropy_fprop" }

// Operands implements [Op].
func (op CrossEntropyFprop) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.N*op.K), Ints("labels", op.Labels, Read, op.N), Floats("y", op.Y, Write, op.N*op.K),
		Floats("loss", op.Loss, Write, op.N),
	}
}

// Cost implements [Op].
func (op CrossEntropyFprop) Cost() Cost { return CostOf(op, 6*op.N*op.K) }

// CrossEntropyDgrad computes the gradient of the batch's mean loss by the logits, from Y = softmax(X):
//
//	DX[n,k] = (Y[n,k] − [k = Labels[n]]) / (number of examples in the batch),   0 in rows that are no example.
type CrossEntropyDgrad struct {
	N, K          int
	Y, Labels, DX *Buffer
}

// Name implements [Op].
func (op CrossEntropyDgrad) Name() string { return "cross_entropy_dgrad" }

// Operands implements [Op].
func (op CrossEntropyDgrad) Operands() []Operand {
	return []Operand{Floats("y", op.Y, Read, op.N*op.K), Ints("labels", op.Labels, Read, op.N), Floats("dx", op.DX, Write, op.N*op.K)}
}

// Cost implements [Op].
func (op CrossEntropyDgrad) Cost() Cost { return CostOf(op, 2*op.N*op.K) }
