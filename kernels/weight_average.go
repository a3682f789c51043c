package kernels

// WeightAverage moves the averages a of weights w towards them after each step, as Keras's use_ema does:
//
//	a ← w   in step 1,   a ← Momentum·a + (1−Momentum)·w   after it
//
// (Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992, with the exponential weights of Kingma and Ba, "Adam",
// ICLR 2015, section 7.2). Where Overwrite is above 0, every Overwrite-th step also takes the weights to their averages, w ← a. With a Momentum of
// 0 the averages are the weights. It does nothing once Halt[0] is set.
type WeightAverage struct {
	Momentum               float64
	Overwrite              int
	W, Average, Step, Halt *Buffer
}

// Name implements [Op].
func (op WeightAverage) Name() string { return "weight_average" }

// Operands implements [Op].
func (op WeightAverage) Operands() []Operand {
	n := op.W.Elements()
	return []Operand{
		Floats("w", op.W, Accumulate, n), Floats("average", op.Average, Accumulate, n), Ints("step", op.Step, Read, 1), Ints("halt", op.Halt, Read, 1),
	}
}

// Cost implements [Op].
func (op WeightAverage) Cost() Cost { return CostOf(op, 3*op.W.Elements()) }
