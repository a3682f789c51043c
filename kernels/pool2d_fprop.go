package kernels

// Pool2DFprop reduces each window of X to its maximum, minimum or average:
//
//	Y[n,p,q,c] = max, min or mean over r, s of X[n, p·StrideH + r·DilationH − PadTop, q·StrideW + s·DilationW − PadLeft, c]
//
// Index, which may be absent and has the shape of Y, receives r·S + s of the maximum or minimum, the first one if several are
// equal. A NaN in the window is its maximum and minimum.
type Pool2DFprop struct {
	Pool2D
	X, Y, Index *Buffer
}

// Name implements [Op].
func (op Pool2DFprop) Name() string { return "pool2d_fprop" }

// Operands implements [Op].
func (op Pool2DFprop) Operands() []Operand {
	return []Operand{
		floats("x", op.X, Read, op.inputs()),
		floats("y", op.Y, Write, op.outputs()),
		ints("index", op.Index, Write, op.outputs()).optional(true),
	}
}

// Cost implements [Op].
func (op Pool2DFprop) Cost() Cost { return cost(op, op.N*op.P*op.Q*op.C*op.R*op.S) }

// Host implements [Op].
func (op Pool2DFprop) Host(mem []Mem, w *Workers) {
	w.Run(op.N*op.P, func(_, task int) {
		n, p := task/op.P, task%op.P
		x := mem[0].F32[n*op.H*op.W*op.C : (n+1)*op.H*op.W*op.C]
		for q := range op.Q {
			at := (task*op.Q + q) * op.C
			y := mem[1].F32[at : at+op.C]
			var index []int32
			if mem[2].I32 != nil {
				index = mem[2].I32[at : at+op.C]
			}
			if op.Kind == AveragePool {
				op.average(x, y, p, q)
			} else {
				op.extreme(x, y, index, p, q)
			}
		}
	})
}

func (op Pool2DFprop) average(x, y []float32, p, q int) {
	clear(y)
	count := 0
	op.each(p, q, func(_, _, at int) {
		addTo(y, x[at:at+op.C])
		count++
	})
	for c := range y {
		y[c] /= float32(count)
	}
}

func (op Pool2DFprop) extreme(x, y []float32, index []int32, p, q int) {
	first := true
	op.each(p, q, func(r, s, at int) {
		row, place := x[at:at+op.C], int32(r*op.S+s)
		switch {
		case first:
			first = false
			copy(y, row)
			for c := range index {
				index[c] = place
			}
		case index == nil && op.Kind == MaxPool:
			for c, v := range row {
				y[c] = max(y[c], v)
			}
		case index == nil:
			for c, v := range row {
				y[c] = min(y[c], v)
			}
		default:
			op.improve(row, y, index, place)
		}
	})
}

// improve takes each value of row that is beyond the best so far, or the first NaN.
func (op Pool2DFprop) improve(row, y []float32, index []int32, place int32) {
	y, index = y[:len(row)], index[:len(row)]
	isMax := op.Kind == MaxPool
	for c, v := range row {
		best := y[c]
		if isMax && v > best || !isMax && v < best || v != v && best == best {
			y[c], index[c] = v, place
		}
	}
}

// Launches implements [Op].
func (op Pool2DFprop) Launches() []Launch {
	return []Launch{perElement("pool2d_fprop.cu", "pool2d_fprop", op.N*op.P*op.Q*op.C, op.defines()...)}
}
