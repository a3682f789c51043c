package kernels

// Categorical is the cross-entropy of a softmax and of targets T [N K], which may be any share of any class, with the focus of Lin, Goyal,
// Girshick, He and Dollár, "Focal loss for dense object detection", 2017, section 3.2, in Keras's form for several classes:
//
//	Loss[n] = Σ_k Alpha · (1 − Y[n,k])^Gamma · T[n,k] · (log Σ_j exp X[n,j] − X[n,k])    Y = softmax(X)
//
// With Alpha 1 and Gamma 0 it is the plain cross-entropy. The logarithm is taken from the logits and not from Y, so it stays right where a
// probability rounds to 0. A label outside [0, K) marks a row that is no example: its loss is 0 and so is its gradient.
type Categorical struct {
	N, K         int
	Alpha, Gamma float32
}

// CategoricalCrossEntropyFprop computes Y and Loss from logits X.
type CategoricalCrossEntropyFprop struct {
	Categorical
	X, Targets, Labels, Y, Loss *Buffer
}

// Name implements [Op].
func (op CategoricalCrossEntropyFprop) Name() string { return "categorical_fprop" }

// Operands implements [Op].
func (op CategoricalCrossEntropyFprop) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.N*op.K), Floats("targets", op.Targets, Read, op.N*op.K), Ints("labels", op.Labels, Read, op.N),
		Floats("y", op.Y, Write, op.N*op.K), Floats("loss", op.Loss, Write, op.N),
	}
}

// Cost implements [Op].
func (op CategoricalCrossEntropyFprop) Cost() Cost { return CostOf(op, 12*op.N*op.K) }

// CategoricalCrossEntropyDgrad computes the gradient of the batch's mean loss by the logits:
//
//	DX[n,j] = (G[n,j] − Y[n,j] · Σ_k G[n,k]) / (number of examples in the batch)
//	G[n,k] = Alpha · T[n,k] · (1 − Y[n,k])^Gamma · (Gamma · Y[n,k] · log Y[n,k] / (1 − Y[n,k]) − 1)
//
// and 0 in rows that are no example.
type CategoricalCrossEntropyDgrad struct {
	Categorical
	X, Targets, Labels, DX *Buffer
}

// Name implements [Op].
func (op CategoricalCrossEntropyDgrad) Name() string { return "categorical_dgrad" }

// Operands implements [Op].
func (op CategoricalCrossEntropyDgrad) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.N*op.K), Floats("targets", op.Targets, Read, op.N*op.K), Ints("labels", op.Labels, Read, op.N),
		Floats("dx", op.DX, Write, op.N*op.K),
	}
}

// Cost implements [Op].
func (op CategoricalCrossEntropyDgrad) Cost() Cost { return CostOf(op, 16*op.N*op.K) }
