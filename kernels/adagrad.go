package kernels

// Adagrad makes one step of Adagrad (Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
// optimization", JMLR 12, 2011, the diagonal form of section 1.1), as Keras has it, for every weight w with gradient g:
//
//	v ← v + g²    w ← w − Rate · g / √(Initial + v + Epsilon)
//
// Initial is what Keras's accumulator begins with; here v begins with 0. It does nothing once Halt[0] is set.
type Adagrad struct {
	Initial, Epsilon     float64
	W, V, DW, Rate, Halt *Buffer
}

// Name implements [Op].
func (op Adagrad) Name() string { return "adagrad" }

// Operands implements [Op].
func (op Adagrad) Operands() []Operand {
	n := op.W.Elements()
	return []Operand{
		Floats("w", op.W, Accumulate, n), Floats("v", op.V, Accumulate, n), Floats("dw", op.DW, Read, n),
		Floats("rate", op.Rate, Read, 1), Ints("halt", op.Halt, Read, 1),
	}
}

// Cost implements [Op].
func (op Adagrad) Cost() Cost { return CostOf(op, 7*op.W.Elements()) }
