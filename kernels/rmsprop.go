package kernels

// RMSprop makes one step of RMSprop, as Keras has it, for every weight w with gradient g:
//
//	v ← Rho·v + (1−Rho)·g²
//	a ← Rho·a + (1−Rho)·g          if Centered
//	s = Rate · g / √(v − a² + Epsilon), without a² unless Centered
//	m ← Momentum·m + s,  w ← w − m;   or   w ← w − s   if Momentum is 0
//
// (Hinton, "Neural networks for machine learning", lecture 6e, 2012; centred: Graves, "Generating sequences with recurrent neural networks",
// 2013, section 4.2). Rounding cannot make v − a² negative: it is 0 then. A is absent unless Centered, and M if Momentum is 0. It does
// nothing once Halt[0] is set.
type RMSprop struct {
	Rho, Momentum, Epsilon     float64
	Centered                   bool
	W, V, A, M, DW, Rate, Halt *Buffer
}

// Name implements [Op].
func (op RMSprop) Name() string { return "rmsprop" }

// Operands implements [Op].
func (op RMSprop) Operands() []Operand {
	n := op.W.Elements()
	return []Operand{
		Floats("w", op.W, Accumulate, n), Floats("v", op.V, Accumulate, n), Floats("a", op.A, Accumulate, n).OptionalIf(!op.Centered),
		Floats("m", op.M, Accumulate, n).OptionalIf(op.Momentum == 0), Floats("dw", op.DW, Read, n), Floats("rate", op.Rate, Read, 1),
		Ints("halt", op.Halt, Read, 1),
	}
}

// Cost implements [Op].
func (op RMSprop) Cost() Cost {
	flops := 9
	if op.Centered {
		flops += 5
	}
	if op.Momentum != 0 {
		flops += 2
	}
	return CostOf(op, flops*op.W.Elements())
}
