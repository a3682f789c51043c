package kernels

// FiniteCheck halts training at the first step whose values are not finite: if Halt[0] is 0 and X holds a NaN or an infinity,
// Halt[0] = Step[0]. The optimizers change nothing once Halt is set, so the weights stay as they were before that step.
type FiniteCheck struct{ X, Step, Halt *Buffer }

// Name implements [Op].
func (op FiniteCheck) Name() string { return "finite_check" }

// Operands implements [Op].
func (op FiniteCheck) Operands() []Operand {
	return []Operand{floats("x", op.X, Read, op.X.Elements()), ints("step", op.Step, Read, 1), ints("halt", op.Halt, Accumulate, 1)}
}

// Cost implements [Op].
func (op FiniteCheck) Cost() Cost { return cost(op, op.X.Elements()) }

// Host implements [Op].
func (op FiniteCheck) Host(mem []Mem, _ *Workers) {
	if mem[2].I32[0] == 0 && !finite(mem[0].F32) {
		mem[2].I32[0] = mem[1].I32[0]
	}
}

// Launches implements [Op].
func (op FiniteCheck) Launches() []Launch {
	n := op.X.Elements()
	check := perElement("finite_check.cu", "finite_check", n)
	check.Grid[0] = min(check.Grid[0], manyBlocks)
	check.Defines = define("ELEMENTS", n, "BLOCKS", check.Grid[0])
	check.Workspace = check.Grid[0] * Int32.Size()
	halt := Launch{
		Source: "finite_check.cu", Function: "finite_check_halt", Defines: check.Defines,
		Grid: [3]int{1, 1, 1}, Block: [3]int{256, 1, 1},
	}
	return []Launch{check, halt}
}
