package kernels

// Conv2DFprop computes the convolution Y = X ∗ W + B; see [Conv2D]. B may be absent.
type Conv2DFprop struct {
	Conv2D
	X, W, B, Y *Buffer
}

// Name implements [Op].
func (op Conv2DFprop) Name() string { return "conv2d_fprop" }

// Operands implements [Op].
func (op Conv2DFprop) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.Inputs()),
		Floats("w", op.W, Read, op.Weights()),
		Floats("b", op.B, Read, op.K).OptionalIf(true),
		Floats("y", op.Y, Write, op.Outputs()),
	}
}

// Cost implements [Op].
func (op Conv2DFprop) Cost() Cost { return CostOf(op, op.FLOPs()) }
