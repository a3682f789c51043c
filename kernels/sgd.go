package kernels

// SGD makes one step of stochastic gradient descent with momentum, as Keras has it, for every weight w with gradient g:
//
//	v ← Momentum·v − Rate·g    w ← w + v,   or   w ← w + Momentum·v − Rate·g   if Nesterov
//
// (Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013, section 2). V may be
// absent if Momentum is 0. It does nothing once Halt[0] is set.
type SGD struct {
	Momentum             float64
	Nesterov             bool
	W, V, DW, Rate, Halt *Buffer
}

// Name implements [Op].
func (op SGD) Name() string { return "sgd" }

// Operands implements [Op].
func (op SGD) Operands() []Operand {
	n := op.W.Elements()
	return []Operand{
		Floats("w", op.W, Accumulate, n), Floats("v", op.V, Accumulate, n).OptionalIf(op.Momentum == 0), Floats("dw", op.DW, Read, n),
		Floats("rate", op.Rate, Read, 1), Ints("halt", op.Halt, Read, 1),
	}
}

// Cost implements [Op].
func (op SGD) Cost() Cost { return CostOf(op, 4*op.W.Elements()) }
