package kernels

// WeightDecay takes a part of every weight w away, apart from what its gradient does:
//
//	w ← w − Rate·Decay·w
//
// (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2, with the rate in the product as Keras has it). It
// does nothing once Halt[0] is set.
type WeightDecay struct {
	Decay         float64
	W, Rate, Halt *Buffer
}

// Name implements [Op].
func (op WeightDecay) Name() string { return "weight_decay" }

// Operands implements [Op].
func (op WeightDecay) Operands() []Operand {
	return []Operand{Floats("w", op.W, Accumulate, op.W.Elements()), Floats("rate", op.Rate, Read, 1), Ints("halt", op.Halt, Read, 1)}
}

// Cost implements [Op].
func (op WeightDecay) Cost() Cost { return CostOf(op, 2*op.W.Elements()) }
