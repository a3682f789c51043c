package kernels

// Lion makes one step of Lion (Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023, program 1), as Keras has it, for
// every weight w with gradient g:
//
//	w ← w − Rate · sign(Beta1·m + (1−Beta1)·g)    m ← Beta2·m + (1−Beta2)·g
//
// The sign of 0 is 0. It does nothing once Halt[0] is set.
type Lion struct {
	Beta1, Beta2         float64
	W, M, DW, Rate, Halt *Buffer
}

// Name implements [Op].
func (op Lion) Name() string { return "lion" }

// Operands implements [Op].
func (op Lion) Operands() []Operand {
	n := op.W.Elements()
	return []Operand{
		Floats("w", op.W, Accumulate, n), Floats("m", op.M, Accumulate, n), Floats("dw", op.DW, Read, n),
		Floats("rate", op.Rate, Read, 1), Ints("halt", op.Halt, Read, 1),
	}
}

// Cost implements [Op].
func (op Lion) Cost() Cost { return CostOf(op, 8*op.W.Elements()) }
