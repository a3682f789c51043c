package kernels

// FiniteCheck halts training at the first step whose values are not finite: if Halt[0] is 0 and X holds a NaN or an infinity,
// Halt[0] = Step[0]. The optimizers change nothing once Halt is set, so the weights stay as they were before that step.
type FiniteCheck struct{ X, Step, Halt *Buffer }

// Name implements [Op].
func (op FiniteCheck) Name() string { return "finite_check" }

// Operands implements [Op].
func (op FiniteCheck) Operands() []Operand {
	return []Operand{Floats("x", op.X, Read, op.X.Elements()), Ints("step", op.Step, Read, 1), Ints("halt", op.Halt, Raise, 1)}
}

// Cost implements [Op].
func (op FiniteCheck) Cost() Cost { return CostOf(op, op.X.Elements()) }
