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
		floats("dy", op.DY, Read, op.outputs()), ints("index", op.Index, Read, op.outputs()).optional(op.Kind == AveragePool),
		floats("dx", op.DX, Write, op.inputs()),
	}
}

// Cost implements [Op].
func (op Pool2DDgrad) Cost() Cost { return cost(op, op.N*op.P*op.Q*op.C) }

// Host implements [Op].
func (op Pool2DDgrad) Host(mem []Mem, w *Workers) {
	in, out := op.H*op.W*op.C, op.P*op.Q*op.C
	w.Run(op.N, func(_, n int) {
		dy, dx := mem[0].F32[n*out:(n+1)*out], mem[2].F32[n*in:(n+1)*in]
		clear(dx)
		for p := range op.P {
			for q := range op.Q {
				at := (p*op.Q + q) * op.C
				if op.Kind == AveragePool {
					op.spread(dy[at:at+op.C], dx, p, q)
				} else {
					op.scatter(dy[at:at+op.C], mem[1].I32[n*out+at:][:op.C], dx, p, q)
				}
			}
		}
	})
}

func (op Pool2DDgrad) spread(dy, dx []float32, p, q int) {
	count := 0
	op.each(p, q, func(_, _, _ int) { count++ })
	scale := 1 / float32(count)
	op.each(p, q, func(_, _, at int) {
		row := dx[at : at+op.C]
		for c, v := range dy {
			row[c] += v * scale
		}
	})
}

func (op Pool2DDgrad) scatter(dy []float32, index []int32, dx []float32, p, q int) {
	top, left := p*op.StrideH-op.PadTop, q*op.StrideW-op.PadLeft
	for c, v := range dy {
		r, s := int(index[c])/op.S, int(index[c])%op.S
		dx[((top+r*op.DilationH)*op.W+left+s*op.DilationW)*op.C+c] += v
	}
}

// Launches implements [Op].
func (op Pool2DDgrad) Launches() []Launch {
	return []Launch{perElement("pool2d_dgrad.cu", "pool2d_dgrad", op.N*op.H*op.W*op.C, op.defines()...)}
}
