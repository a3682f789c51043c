package kernels

// OneHot makes targets Y [N K] of labels [N]: Y[n,k] is 1 where k is the label of row n and 0 elsewhere, so a row whose label is outside
// [0, K) is zeros.
type OneHot struct {
	N, K      int
	Labels, Y *Buffer
}

// Name implements [Op].
func (op OneHot) Name() string { return "one_hot" }

// Operands implements [Op].
func (op OneHot) Operands() []Operand {
	return []Operand{Ints("labels", op.Labels, Read, op.N), Floats("y", op.Y, Write, op.N*op.K)}
}

// Cost implements [Op].
func (op OneHot) Cost() Cost { return CostOf(op, op.N*op.K) }
