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
	in, out := op.H*op.W*op.C, op.P*op.Q*op.C
	parts := op.parts(w)
	w.Run(op.N*parts, func(_, task int) {
		n, part := task/parts, task%parts
		var index []int32
		if mem[2].I32 != nil {
			index = mem[2].I32[n*out : (n+1)*out]
		}
		op.pool(mem[0].F32[n*in:(n+1)*in], mem[1].F32[n*out:(n+1)*out], index, op.P*part/parts, op.P*(part+1)/parts)
	})
}

// parts is the number of parts that each image's rows of windows are split into, so that there is work for every worker when there are
// few images.
func (g Pool2D) parts(w *Workers) int {
	if g.N >= 2*w.Count() {
		return 1
	}
	return min((2*w.Count()+g.N-1)/g.N, g.P)
}

// pool computes rows lo to hi of one image's y [P Q C], and of its index unless that is nil, from x [H W C].
func (g Pool2D) pool(x, y []float32, index []int32, lo, hi int) {
	for p := lo; p < hi; p++ {
		for q := 0; q < g.Q; {
			t := g.run(p, q)
			at, end := (p*g.Q+q)*g.C, (p*g.Q+q+t.windows)*g.C
			t.image, t.values = x[t.corner:], y[at:end]
			if index != nil {
				t.index = index[at:end]
			}
			switch g.Kind {
			case MaxPool:
				t.max()
			case MinPool:
				t.min()
			default:
				t.average()
			}
			q += t.windows
		}
	}
}

// Launches implements [Op].
func (op Pool2DFprop) Launches() []Launch {
	return []Launch{perElement("pool2d_fprop.cu", "pool2d_fprop", op.N*op.P*op.Q*op.C, op.defines()...)}
}
