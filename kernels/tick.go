package kernels

// Tick counts a training step: Step[0] += 1. The step lives on the device, so that a step needs nothing from the host but
// its batch.
type Tick struct{ Step *Buffer }

// Name implements [Op].
func (op Tick) Name() string { return "tick" }

// Operands implements [Op].
func (op Tick) Operands() []Operand {
	return []Operand{ints("step", op.Step, Accumulate, 1)}
}

// Cost implements [Op].
func (op Tick) Cost() Cost { return cost(op, 0) }

// Host implements [Op].
func (op Tick) Host(mem []Mem, _ *Workers) { mem[0].I32[0]++ }

// Launches implements [Op].
func (op Tick) Launches() []Launch {
	return []Launch{{Source: "tick.cu", Function: "tick", Grid: [3]int{1, 1, 1}, Block: [3]int{1, 1, 1}}}
}
