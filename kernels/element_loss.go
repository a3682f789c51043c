package kernels

import "fmt"

// LossFunction is a loss of a value x whose target is t.
type LossFunction uint8

// The functions.
const (
	SquaredError  LossFunction = iota // (x − t)²
	AbsoluteError                     // |x − t|; its derivative at 0 is 0
	// Huber is (x − t)²/2 where |x − t| ≤ Delta, else Delta·|x − t| − Delta²/2 (Huber, "Robust estimation of a location parameter", 1964).
	Huber
	// BinaryCrossEntropy takes x as the logit of p = 1/(1 + e^−x). It is w·q^Gamma·(−t·log p − (1 − t)·log(1 − p)), where
	// q = t·(1 − p) + (1 − t)·p is how far p is off, and w is 1, or with an Alpha above 0 t·Alpha + (1 − t)·(1 − Alpha): the focal loss of
	// Lin, Goyal, Girshick, He and Dollár, "Focal loss for dense object detection", 2017, section 3, which is the plain cross-entropy if
	// Alpha and Gamma are 0. The logarithms are taken from x, max(x, 0) − x·t + log(1 + e^−|x|), so that they stay right where p rounds to 0 or 1.
	BinaryCrossEntropy
)

var lossFunctions = [...]string{
	SquaredError: "squared_error", AbsoluteError: "absolute_error", Huber: "huber", BinaryCrossEntropy: "binary_cross_entropy",
}

// LossFunctions lists all functions.
func LossFunctions() []LossFunction {
	list := make([]LossFunction, len(lossFunctions))
	for i := range list {
		list[i] = LossFunction(i)
	}
	return list
}

func (f LossFunction) String() string {
	if int(f) < len(lossFunctions) {
		return lossFunctions[f]
	}
	return fmt.Sprintf("LossFunction(%d)", uint8(f))
}

// ElementLoss is the mean of a function over the K values of each of N rows, with the parameters that the function has. A label outside [0, K)
// marks a row that is no example: its loss is 0 and so is its gradient.
type ElementLoss struct {
	Function            LossFunction
	N, K                int
	Delta, Alpha, Gamma float32
}

// ElementLossFprop computes Loss[n] = Σ_k f(X[n,k], Targets[n,k]) / K.
type ElementLossFprop struct {
	ElementLoss
	X, Targets, Labels, Loss *Buffer
}

// Name implements [Op].
func (op ElementLossFprop) Name() string { return "element_loss_fprop" }

// Operands implements [Op].
func (op ElementLossFprop) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.N*op.K), Floats("targets", op.Targets, Read, op.N*op.K), Ints("labels", op.Labels, Read, op.N),
		Floats("loss", op.Loss, Write, op.N),
	}
}

// Cost implements [Op].
func (op ElementLossFprop) Cost() Cost { return CostOf(op, 4*op.N*op.K) }

// ElementLossDgrad computes the gradient of the batch's mean loss, DX[n,k] = f′(X[n,k], Targets[n,k]) / K / (number of examples in the batch)
// with the derivative by x, and 0 in rows that are no example.
type ElementLossDgrad struct {
	ElementLoss
	X, Targets, Labels, DX *Buffer
}

// Name implements [Op].
func (op ElementLossDgrad) Name() string { return "element_loss_dgrad" }

// Operands implements [Op].
func (op ElementLossDgrad) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.N*op.K), Floats("targets", op.Targets, Read, op.N*op.K), Ints("labels", op.Labels, Read, op.N),
		Floats("dx", op.DX, Write, op.N*op.K),
	}
}

// Cost implements [Op].
func (op ElementLossDgrad) Cost() Cost { return CostOf(op, 4*op.N*op.K) }
