package kernels

// Rescale computes Y = Scale·X + Offset, element by element. X and Y may be the same buffer. With Offset 0 the same op computes its
// gradient, with DY as X.
type Rescale struct {
	Scale, Offset float32
	X, Y          *Buffer
}

// Name implements [Op].
func (op Rescale) Name() string { return "rescale" }

// Operands implements [Op].
func (op Rescale) Operands() []Operand {
	n := op.Y.Elements()
	return []Operand{Floats("x", op.X, Read, n), Floats("y", op.Y, Write, n)}
}

// Cost implements [Op].
func (op Rescale) Cost() Cost { return CostOf(op, 2*op.Y.Elements()) }
