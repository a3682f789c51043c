package kernels

// Pool2DFprop reduces each window of X to its maximum, minimum, average or sum:
//
//	Y[n,p,q,c] = max, min, mean or sum over r, s of X[n, p·StrideH + r·DilationH − PadTop, q·StrideW + s·DilationW − PadLeft, c]
//
// Index, which may be absent and has the shape of Y, receives r·S + s of the maximum or minimum, the first one if several are
// equal. A NaN in the window is its maximum and minimum.
type Pool2DFprop struct {
	Pool2D
	X, Y, Index *Buffer
}

// Name implements [Op].
func (op Pool2DFprop) Name() string { return "pool2d_fprop" }

// Operands implements [Op].
func (op Pool2DFprop) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.Inputs()),
		Floats("y", op.Y, Write, op.Outputs()),
		Ints("index", op.Index, Write, op.Outputs()).OptionalIf(true),
	}
}

// Cost implements [Op].
func (op Pool2DFprop) Cost() Cost { return CostOf(op, op.N*op.P*op.Q*op.C*op.R*op.S) }
