package kernels

// Zero sets Y to zero.
type Zero struct{ Y *Buffer }

// Name implements [Op].
func (op Zero) Name() string { return "zero" }

// Operands implements [Op].
func (op Zero) Operands() []Operand {
	y := floats("y", op.Y, Write, op.Y.Elements())
	if op.Y != nil {
		y.Type = op.Y.Type // a zero has the same bits
	}
	return []Operand{y}
}

// Cost implements [Op].
func (op Zero) Cost() Cost { return cost(op, 0) }

// Host implements [Op].
func (op Zero) Host(mem []Mem, _ *Workers) {
	clear(mem[0].F32)
	clear(mem[0].I32)
}

// Launches implements [Op].
func (op Zero) Launches() []Launch {
	return []Launch{perElement("zero.cu", "zero", op.Y.Elements(), define("ELEMENTS", op.Y.Elements())...)}
}
