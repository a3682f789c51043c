package kernels

// MovingAverage moves averages towards new values, element by element:
//
//	Average ← Momentum·Average + (1−Momentum)·X
//
// It does nothing once Halt[0] is set, as the optimizers.
type MovingAverage struct {
	Momentum         float64
	X, Average, Halt *Buffer
}

// Name implements [Op].
func (op MovingAverage) Name() string { return "moving_average" }

// Operands implements [Op].
func (op MovingAverage) Operands() []Operand {
	n := op.Average.Elements()
	return []Operand{Floats("x", op.X, Read, n), Floats("average", op.Average, Accumulate, n), Ints("halt", op.Halt, Read, 1)}
}

// Cost implements [Op].
func (op MovingAverage) Cost() Cost { return CostOf(op, 3*op.Average.Elements()) }
