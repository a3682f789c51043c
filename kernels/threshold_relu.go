package kernels

// ThresholdReLU is a ReLU with a threshold, a slope below it and a largest value, as Keras's layer ReLU:
//
//	f(x) = min(x, Max) where x > Threshold,  Slope · (x − Threshold) elsewhere
//
// Threshold and Slope are from 0 on; a Max of 0 is no limit. Where the slope is 0, so is f of −∞. Where two pieces meet, derivatives are those of the
// piece below, and at Max that of a constant. They are told from X.
type ThresholdReLU struct{ Threshold, Slope, Max float32 }

// ThresholdReLUFprop computes Y = f(X), element by element.
type ThresholdReLUFprop struct {
	ThresholdReLU
	X, Y *Buffer
}

// Name implements [Op].
func (op ThresholdReLUFprop) Name() string { return "threshold_relu_fprop" }

// Operands implements [Op].
func (op ThresholdReLUFprop) Operands() []Operand {
	n := op.Y.Elements()
	return []Operand{Floats("x", op.X, Read, n), Floats("y", op.Y, Write, n)}
}

// Cost implements [Op].
func (op ThresholdReLUFprop) Cost() Cost { return CostOf(op, 2*op.Y.Elements()) }

// ThresholdReLUDgrad computes DX = DY · f′(X), element by element.
type ThresholdReLUDgrad struct {
	ThresholdReLU
	X, DY, DX *Buffer
}

// Name implements [Op].
func (op ThresholdReLUDgrad) Name() string { return "threshold_relu_dgrad" }

// Operands implements [Op].
func (op ThresholdReLUDgrad) Operands() []Operand {
	n := op.DX.Elements()
	return []Operand{Floats("x", op.X, Read, n), Floats("dy", op.DY, Read, n), Floats("dx", op.DX, Write, n)}
}

// Cost implements [Op].
func (op ThresholdReLUDgrad) Cost() Cost { return CostOf(op, op.DX.Elements()) }
