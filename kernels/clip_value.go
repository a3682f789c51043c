package kernels

// ClipValue brings every value into a range: x ← min(max(x, −Most), Most). A NaN stays one.
type ClipValue struct {
	Most float64
	X    *Buffer
}

// Name implements [Op].
func (op ClipValue) Name() string { return "clip_value" }

// Operands implements [Op].
func (op ClipValue) Operands() []Operand {
	return []Operand{Floats("x", op.X, Accumulate, op.X.Elements())}
}

// Cost implements [Op].
func (op ClipValue) Cost() Cost { return CostOf(op, 2*op.X.Elements()) }
