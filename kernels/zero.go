package kernels

// Zero sets Y to zero.
type Zero struct{ Y *Buffer }

// Name implements [Op].
func (op Zero) Name() string { return "zero" }

// Operands implements [Op].
func (op Zero) Operands() []Operand {
	y := Floats("y", op.Y, Write, op.Y.Elements())
	if op.Y != nil {
		y.Type = op.Y.Type // a zero has the same bits
	}
	return []Operand{y}
}

// Cost implements [Op].
func (op Zero) Cost() Cost { return CostOf(op, 0) }
