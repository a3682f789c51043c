package kernels

// Pool2DDgrad computes a pool's gradient by its input. A maximum or minimum hands its gradient to the one place that Index
// names; an average spreads it evenly over the part of its window that lies inside the image, and a sum hands it to each place there. Where
// windows overlap the gradients add up. Index is absent for an average and a sum.
//
// The gradient of a sum repeats each value of DY all over its window: where windows lie side by side, it enlarges an image.
type Pool2DDgrad struct {
	Pool2D
	DY, Index, DX *Buffer
}

// Name implements [Op].
func (op Pool2DDgrad) Name() string { return "pool2d_dgrad" }

// Operands implements [Op].
func (op Pool2DDgrad) Operands() []Operand {
	return []Operand{
		Floats("dy", op.DY, Read, op.Outputs()), Ints("index", op.Index, Read, op.Outputs()).OptionalIf(!op.Kind.Picks()),
		Floats("dx", op.DX, Write, op.Inputs()),
	}
}

// Cost implements [Op].
func (op Pool2DDgrad) Cost() Cost { return CostOf(op, op.N*op.P*op.Q*op.C) }
