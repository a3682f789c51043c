package kernels

// CrossEntropyFprop computes softmax and sparse categorical cross-entropy in one, from logits X [N K] and labels [N]:
//
//	Y = softmax(X)    Loss[n] = Σ_k Q[n,k] · (log Σ_j exp X[n,j] − X[n,k])
//
// where Q is 1 at the label and 0 elsewhere, or with label smoothing 1 − Smoothing + Smoothing/K and Smoothing/K (Szegedy et al., "Rethinking the
// Inception architecture for computer vision", 2015, section 7). The loss is taken from the logits and not from Y, so it stays right where a probability rounds to 0 or 1. A label outside
// [0, K) marks a row that is no example, such as the rest of a last, smaller batch: its loss is 0 and so is its gradient.
type CrossEntropyFprop struct {
	N, K               int
	Smoothing          float32 // from 0 to below 1
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
func (op CrossEntropyFprop) Cost() Cost {
	flops := 6
	if op.Smoothing > 0 {
		flops += 2
	}
	return CostOf(op, flops*op.N*op.K)
}

// SmoothTargets are what Q is at the label, and elsewhere.
func SmoothTargets(smoothing float32, classes int) (label, other float32) {
	other = smoothing / float32(classes)
	return 1 - smoothing + other, other
}

// CrossEntropyDgrad computes the gradient of the batch's mean loss by the logits, from Y = softmax(X):
//
//	DX[n,k] = (Y[n,k] − Q[n,k]) / (number of examples in the batch),   0 in rows that are no example.
type CrossEntropyDgrad struct {
	N, K          int
	Smoothing     float32
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
