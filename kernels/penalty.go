package kernels

// Penalty is what values cost for being large, L1·Σ|x| + L2·Σx²: the regulariser of weights or of a layer's outputs (Goodfellow, Bengio and
// Courville, "Deep learning", 2016, section 7.1). With Each, X is [N M] and each of N examples pays for its own row; without, each pays for
// all of X. A label outside [0, Classes) marks a row that is no example, and pays nothing;
// without Labels all rows are examples.
type Penalty struct {
	L1, L2     float32
	N, Classes int
	Each       bool
}

// PenaltyFprop adds the penalty to each example's Loss [N].
type PenaltyFprop struct {
	Penalty
	X, Labels, Loss *Buffer
}

// Name implements [Op].
func (op PenaltyFprop) Name() string { return "penalty_fprop" }

// Operands implements [Op].
func (op PenaltyFprop) Operands() []Operand {
	return []Operand{Floats("x", op.X, Read, op.X.Elements()), Ints("labels", op.Labels, Read, op.N).OptionalIf(true), Floats("loss", op.Loss, Accumulate, op.N)}
}

// Cost implements [Op].
func (op PenaltyFprop) Cost() Cost { return CostOf(op, 5*op.X.Elements()) }

// PenaltyDgrad adds the gradient of the mean of the penalties over the examples: DX = DY + s·(L1·sign X + 2·L2·X), where s is 1 or, with Each, 1
// divided by the number of examples, and 0 in rows that are none. The sign of 0 is 0. DY and DX may be the same buffer.
type PenaltyDgrad struct {
	Penalty
	X, Labels, DY, DX *Buffer
}

// Name implements [Op].
func (op PenaltyDgrad) Name() string { return "penalty_dgrad" }

// Operands implements [Op].
func (op PenaltyDgrad) Operands() []Operand {
	n := op.X.Elements()
	return []Operand{
		Floats("x", op.X, Read, n), Ints("labels", op.Labels, Read, op.N).OptionalIf(true), Floats("dy", op.DY, Read, n), Floats("dx", op.DX, Write, n),
	}
}

// Cost implements [Op].
func (op PenaltyDgrad) Cost() Cost { return CostOf(op, 5*op.X.Elements()) }
