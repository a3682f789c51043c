package cpu

import "cnn-gpu/kernels"

type pool2DDgradCode struct{ kernels.Pool2DDgrad }

func (op pool2DDgradCode) prepare(int) Routine {
	in, out := op.H*op.Pool2D.Window.W*op.C, op.P*op.Q*op.C
	compute := func(mem []kernels.Mem, n int) {
		var index []int32
		if mem[1].I32 != nil {
			index = mem[1].I32[n*out : (n+1)*out]
		}
		pool2D{op.Pool2D}.gradient(mem[0].F32[n*out:(n+1)*out], index, mem[2].F32[n*in:(n+1)*in])
	}
	return Routine{
		Run: func(mem []kernels.Mem, w *Workers) {
			w.Run(op.N, func(_, n int) { compute(mem, n) })
		},
		Chunk: &chunkCode{
			chunking: op.chunking(), Batched: []int{0, 1, 2},
			Run: func(_ int, mem []kernels.Mem, images int, _, _ []float32) {
				for n := range images {
					compute(mem, n)
				}
			},
		},
	}
}

func (op pool2DDgradCode) chunking() chunking { return chunking{Batch: op.N, Images: 1} }

// gradient computes dx [H W C] of one image from dy [P Q C] and, if it picks, the index of its maxima or minima.
func (g pool2D) gradient(dy []float32, index []int32, dx []float32) {
	clear(dx)
	for p := range g.P {
		for q := 0; q < g.Q; {
			t := g.tapsFrom(p, q)
			at, end := (p*g.Q+q)*g.C, (p*g.Q+q+t.windows)*g.C
			t.image, t.values = dx[t.corner:], dy[at:end]
			if g.Kind.Picks() {
				t.index = index[at:end]
				t.scatter()
			} else {
				t.spread()
			}
			q += t.windows
		}
	}
}
