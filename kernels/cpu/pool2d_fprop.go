package cpu

import "cnn-gpu/kernels"

func runPool2DFprop(op kernels.Pool2DFprop, mem []kernels.Mem, w *Workers) {
	in, out := op.H*op.W*op.C, op.P*op.Q*op.C
	g := pool2D{op.Pool2D}
	parts := partsOf(op.N, w.Count(), op.P)
	w.Run(op.N*parts, func(_, task int) {
		n, part := task/parts, task%parts
		var index []int32
		if mem[2].I32 != nil {
			index = mem[2].I32[n*out : (n+1)*out]
		}
		g.pool(mem[0].F32[n*in:(n+1)*in], mem[1].F32[n*out:(n+1)*out], index, op.P*part/parts, op.P*(part+1)/parts)
	})
}

// pool computes rows lo to hi of one image's y [P Q C], and of its index unless that is nil, from x [H W C].
func (g pool2D) pool(x, y []float32, index []int32, lo, hi int) {
	for p := lo; p < hi; p++ {
		for q := 0; q < g.Q; {
			t := g.tapsFrom(p, q)
			at, end := (p*g.Q+q)*g.C, (p*g.Q+q+t.windows)*g.C
			t.image, t.values = x[t.corner:], y[at:end]
			if index != nil {
				t.index = index[at:end]
			}
			switch g.Kind {
			case kernels.MaxPool:
				t.max()
			case kernels.MinPool:
				t.min()
			default:
				t.average()
			}
			q += t.windows
		}
	}
}
