package cpu

import "cnn-gpu/kernels"

func runPool2DDgrad(op kernels.Pool2DDgrad, mem []kernels.Mem, w *Workers) {
	in, out := op.H*op.W*op.C, op.P*op.Q*op.C
	w.Run(op.N, func(_, n int) {
		var index []int32
		if mem[1].I32 != nil {
			index = mem[1].I32[n*out : (n+1)*out]
		}
		pool2D{op.Pool2D}.gradient(mem[0].F32[n*out:(n+1)*out], index, mem[2].F32[n*in:(n+1)*in])
	})
}

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
