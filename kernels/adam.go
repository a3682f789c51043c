package kernels

// Adam makes one step of Adam (Kingma and Ba, "Adam", ICLR 2015, in the form at the end of section 2, as Keras has it), for
// every weight w with gradient g at step t = Step[0], which counts from 1:
//
//	m ← m + (1−Beta1)·(g − m)    v ← v + (1−Beta2)·(g² − v)
//	w ← w − Rate·√(1−Beta2^t)/(1−Beta1^t) · m / (√v + Epsilon)
//
// It does nothing once Halt[0] is set.
type Adam struct {
	Beta1, Beta2, Epsilon         float64
	W, M, V, DW, Rate, Step, Halt *Buffer
}

// Name implements [Op].
func (op Adam) Name() string { return "adam" }

// Operands implements [Op].
func (op Adam) Operands() []Operand {
	n := op.W.Elements()
	return []Operand{
		Floats("w", op.W, Accumulate, n), Floats("m", op.M, Accumulate, n), Floats("v", op.V, Accumulate, n), Floats("dw", op.DW, Read, n),
		Floats("rate", op.Rate, Read, 1), Ints("step", op.Step, Read, 1), Ints("halt", op.Halt, Read, 1),
	}
}

// Cost implements [Op].
func (op Adam) Cost() Cost { return CostOf(op, 12*op.W.Elements()) }
