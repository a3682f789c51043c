package kernels

// Pool2DDgrad computes a pool's gradient by its input. A maximum or minimum hands its gradient to the one place that Index
// names; an average spreads it evenly over the part of its window that lies inside the image. Where windows overlap the
// gradients add up. Index is absent for an average.
type Pool2DDgrad struct {
	Pool2D
	DY, Index, DX *Buffer
}

// Name implements [Op].
func (op Pool2DDgrad) Name() string { return "pool2d_dgrad" }

// Operands implements [Op].
func (op Pool2DDgrad) Operands() []Operand {
	return []Operand{
		Floats("dy", op.DY, Read, op.Outputs()), Ints("index", op.Index, Read, op.Outputs()).OptionalIf(op.Kind == AveragePool),
		Floats("dx", op.DX, Write, op.Inputs()),
	}
}

// Cost implements [Op].
func (op Pool2DDgrad) Cost() Cost { return CostOf(op, op.N*op.P*op.Q*op.C) }
