package kernels

// Copy moves a box of X to a place in Y:
//
//	Y[YAt + i] = X[XAt + i']  for each place i of the box, 0 ≤ i[a] < Box[a],
//
// where i' has i[a] at X's axis Axes[a]. What of Y lies beyond the box becomes zero or, if Keeps, stays what it is. It joins tensors and cuts
// them apart, pads and crops images and permutes axes; the gradient of a copy is the copy back.
//
// Shapes have four axes, the batch first and extents of 1 where there are fewer.
type Copy struct {
	XShape, YShape [4]int
	Axes           [4]int // for each axis of Y, that of X that it is
	Box            [4]int // extents by Y's axes
	XAt, YAt       [4]int // where the box begins, by the axes of X and of Y
	Keeps          bool
	X, Y           *Buffer
}

// InOrder are the axes of a copy that permutes none.
var InOrder = [4]int{0, 1, 2, 3}

// XStrides are how far apart the elements of the box that are neighbours along each of its axes lie in X; start is where its first lies.
func (op Copy) XStrides() (strides [4]int, start int) {
	ofX := stridesOf(op.XShape)
	for a, of := range op.Axes {
		strides[a] = ofX[of]
		start += op.XAt[a] * ofX[a]
	}
	return strides, start
}

// YStrides are the same of Y.
func (op Copy) YStrides() (strides [4]int, start int) {
	strides = stridesOf(op.YShape)
	for a, at := range op.YAt {
		start += at * strides[a]
	}
	return strides, start
}

func stridesOf(shape [4]int) [4]int {
	return [4]int{shape[1] * shape[2] * shape[3], shape[2] * shape[3], shape[3], 1}
}

// Back is the gradient: the copy of the same box from DY, of Y's shape, to DX, of X's shape and zero beyond the box.
func (op Copy) Back(dy, dx *Buffer) Copy {
	back := Copy{XShape: op.YShape, YShape: op.XShape, XAt: op.YAt, YAt: op.XAt, X: dy, Y: dx}
	for a, of := range op.Axes {
		back.Axes[of], back.Box[of] = a, op.Box[a]
	}
	return back
}

// Name implements [Op].
func (op Copy) Name() string { return "copy" }

// Operands implements [Op].
func (op Copy) Operands() []Operand {
	access := Write
	if op.Keeps {
		access = Accumulate
	}
	return []Operand{Floats("x", op.X, Read, Shape(op.XShape[:]).Elements()), Floats("y", op.Y, access, Shape(op.YShape[:]).Elements())}
}

// Cost implements [Op].
func (op Copy) Cost() Cost {
	box := Shape(op.Box[:]).Elements()
	written := box
	if !op.Keeps {
		written = op.Y.Elements()
	}
	return Cost{Bytes: int64(box+written) * int64(Float32.Size())}
}
