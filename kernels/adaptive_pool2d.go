package kernels

import "fmt"

// AdaptivePool2D is the geometry of a pool that makes P rows and Q columns of images of any size, as PyTorch's AdaptiveAvgPool2d: X is [N H W C],
// Y is [N P Q C], and output (p, q) sees the rows from ⌊p·H/P⌋ to below ⌈(p+1)·H/P⌉ and the columns likewise. Where P divides H and Q divides
// W, it is a [Pool2D] with windows side by side; else windows overlap by a row or column, and some are larger than others.
type AdaptivePool2D struct {
	Kind             PoolKind
	N, H, W, C, P, Q int
}

// Inputs is the number of elements of X.
func (g AdaptivePool2D) Inputs() int { return g.N * g.H * g.W * g.C }

// Outputs is the number of elements of Y.
func (g AdaptivePool2D) Outputs() int { return g.N * g.P * g.Q * g.C }

// Part is the i-th of n parts that cover an extent: from its first place to behind its last.
func (AdaptivePool2D) Part(i, n, extent int) (from, to int) {
	return i * extent / n, CeilDiv((i+1)*extent, n)
}

// Size is the number of rows and columns of the largest window.
func (g AdaptivePool2D) Size() (rows, columns int) {
	return largestPart(g.P, g.H), largestPart(g.Q, g.W)
}

// largestPart is the size of the largest of n parts of an extent, as Part has them.
func largestPart(n, extent int) int {
	if extent%n == 0 {
		return extent / n
	}
	largest := 0
	for i := range n {
		from, to := AdaptivePool2D{}.Part(i, n, extent)
		largest = max(largest, to-from)
	}
	return largest
}

func (g AdaptivePool2D) String() string {
	return fmt.Sprintf("%v %dx%d of %dx%dx%dx%d", g.Kind, g.P, g.Q, g.N, g.H, g.W, g.C)
}

// AdaptivePool2DFprop reduces each window of X to its maximum, minimum, average or sum. Index, which may be absent and has the shape of Y, receives
// r·S + s of the maximum or minimum, which lies in row r and column s of its window: S is the number of columns of the largest. The first one if
// several are equal; a NaN in the window is its maximum and minimum. See [AdaptivePool2D].
type AdaptivePool2DFprop struct {
	AdaptivePool2D
	X, Y, Index *Buffer
}

// Name implements [Op].
func (op AdaptivePool2DFprop) Name() string { return "adaptive_pool2d_fprop" }

// Operands implements [Op].
func (op AdaptivePool2DFprop) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.Inputs()), Floats("y", op.Y, Write, op.Outputs()), Ints("index", op.Index, Write, op.Outputs()).OptionalIf(true),
	}
}

// Cost implements [Op].
func (op AdaptivePool2DFprop) Cost() Cost {
	rows, columns := op.Size()
	return CostOf(op, op.Outputs()*rows*columns)
}

// AdaptivePool2DDgrad computes the gradient by the input of an [AdaptivePool2DFprop], as [Pool2DDgrad] does that of a [Pool2DFprop].
type AdaptivePool2DDgrad struct {
	AdaptivePool2D
	DY, Index, DX *Buffer
}

// Name implements [Op].
func (op AdaptivePool2DDgrad) Name() string { return "adaptive_pool2d_dgrad" }

// Operands implements [Op].
func (op AdaptivePool2DDgrad) Operands() []Operand {
	return []Operand{
		Floats("dy", op.DY, Read, op.Outputs()), Ints("index", op.Index, Read, op.Outputs()).OptionalIf(!op.Kind.Picks()),
		Floats("dx", op.DX, Write, op.Inputs()),
	}
}

// Cost implements [Op].
func (op AdaptivePool2DDgrad) Cost() Cost { return CostOf(op, op.Outputs()) }
