package kernels

// Add computes Y = A + B, element by element. Y may be A or B.
type Add struct{ A, B, Y *Buffer }

// Name implements [Op].
func (op Add) Name() string { return "add" }

// Operands implements [Op].
func (op Add) Operands() []Operand {
	n := op.Y.Elements()
	return []Operand{Floats("a", op.A, Read, n), Floats("b", op.B, Read, n), Floats("y", op.Y, Write, n)}
}

// Cost implements [Op].
func (op Add) Cost() Cost { return CostOf(op, op.Y.Elements()) }
