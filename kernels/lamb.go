package kernels

// Lamb makes one step of LAMB (You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR 2020, algorithm 2,
// with the identity for φ and without its weight decay), as Keras has it, for the weights w of one parameter with gradient g at step
// t = Step[0], which counts from 1:
//
//	m ← m + (1−Beta1)·(g − m)    v ← v + (1−Beta2)·(g² − v)
//	r = m/(1−Beta1^t) / (√(v/(1−Beta2^t)) + Epsilon)
//	w ← w − Rate · ‖w‖/‖r‖ · r,   or   w ← w − Rate · r   if one of the norms is 0
//
// The squares of the norms are summed in float64. It does nothing once Halt[0] is set.
type Lamb struct {
	Beta1, Beta2, Epsilon         float64
	W, M, V, DW, Rate, Step, Halt *Buffer
}

// Name implements [Op].
func (op Lamb) Name() string { return "lamb" }

// Operands implements [Op].
func (op Lamb) Operands() []Operand {
	n := op.W.Elements()
	return []Operand{
		Floats("w", op.W, Accumulate, n), Floats("m", op.M, Accumulate, n), Floats("v", op.V, Accumulate, n), Floats("dw", op.DW, Read, n),
		Floats("rate", op.Rate, Read, 1), Ints("step", op.Step, Read, 1), Ints("halt", op.Halt, Read, 1),
	}
}

// Cost implements [Op].
func (op Lamb) Cost() Cost { return CostOf(op, 18*op.W.Elements()) }
