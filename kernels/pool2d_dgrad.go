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
		var index []int32
		if mem[1].I32 != nil {
			index = mem[1].I32[n*out : (n+1)*out]
		}
		op.gradient(mem[0].F32[n*out:(n+1)*out], index, mem[2].F32[n*in:(n+1)*in])
	})
}

// gradient computes dx [H W C] of one image from dy [P Q C] and, unless the pool is an average, the index of its maxima or minima.
func (g Pool2D) gradient(dy []float32, index []int32, dx []float32) {
	clear(dx)
	for p := range g.P {
		for q := 0; q < g.Q; {
			t := g.run(p, q)
			at, end := (p*g.Q+q)*g.C, (p*g.Q+q+t.windows)*g.C
			t.image, t.values = dx[t.corner:], dy[at:end]
			if g.Kind == AveragePool {
				t.spread()
			} else {
				t.index = index[at:end]
				t.scatter()
			}
			q += t.windows
		}
	}
}

// Launches implements [Op].
func (op Pool2DDgrad) Launches() []Launch {
	return []Launch{perElement("pool2d_dgrad.cu", "pool2d_dgrad", op.N*op.H*op.W*op.C, op.defines()...)}
}
