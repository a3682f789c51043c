package kernels

// Tick counts a training step: Step[0] += 1. The step lives on the device, so that a step needs nothing from the host but
// its batch.
type Tick struct{ Step *Buffer }

// Name implements [Op].
func (op Tick) Name() string { return "tick" }

// Operands implements [Op].
func (op Tick) Operands() []Operand {
	return []Operand{Ints("step", op.Step, Accumulate, 1)}
}

// Cost implements [Op].
func (op Tick) Cost() Cost { return CostOf(op, 0) }
