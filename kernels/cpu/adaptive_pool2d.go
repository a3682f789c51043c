package cpu

import "cnn-gpu/kernels"

// adaptivePool2D is a geometry with what the CPU's code derives from it.
type adaptivePool2D struct{ kernels.AdaptivePool2D }

// eachWindow visits the windows of one image x [H W C] with what they make, values [P Q C] and, unless it is nil, index; from output row lo to hi.
func (g adaptivePool2D) eachWindow(x, values []float32, index []int32, lo, hi int, visit func(t *taps)) {
	_, columns := g.Size()
	for p := lo; p < hi; p++ {
		top, bottom := g.Part(p, g.P, g.H)
		for q := range g.Q {
			left, right := g.Part(q, g.Q, g.W)
			at := (p*g.Q + q) * g.C
			t := taps{
				image: x[(top*g.W+left)*g.C:], values: values[at : at+g.C], windows: 1, channels: g.C, rows: bottom - top, columns: right - left,
				rowStep: g.W * g.C, columnStep: g.C, rowTaps: columns, divisor: 1,
			}
			if g.Kind == kernels.AveragePool {
				t.divisor = float32(t.rows * t.columns)
			}
			if index != nil {
				t.index = index[at : at+g.C]
			}
			visit(&t)
		}
	}
}

func runAdaptivePool2DFprop(op kernels.AdaptivePool2DFprop, mem []kernels.Mem, w *Workers) {
	g := adaptivePool2D{op.AdaptivePool2D}
	reduce := (*taps).average
	switch op.Kind {
	case kernels.MaxPool:
		reduce = (*taps).max
	case kernels.MinPool:
		reduce = (*taps).min
	}
	parts := partsOf(op.N, w.Count(), op.P)
	w.Run(op.N*parts, func(_, task int) {
		n, part := task/parts, task%parts
		g.eachWindow(g.input(mem[0].F32, n), g.output(mem[1].F32, n), g.indexOf(mem[2].I32, n), op.P*part/parts, op.P*(part+1)/parts, reduce)
	})
}

func runAdaptivePool2DDgrad(op kernels.AdaptivePool2DDgrad, mem []kernels.Mem, w *Workers) {
	g := adaptivePool2D{op.AdaptivePool2D}
	add := (*taps).spread
	if op.Kind.Picks() {
		add = (*taps).scatter
	}
	w.Run(op.N, func(_, n int) {
		dx := g.input(mem[2].F32, n)
		clear(dx)
		g.eachWindow(dx, g.output(mem[0].F32, n), g.indexOf(mem[1].I32, n), 0, op.P, add)
	})
}

// input is the image n of X.
func (g adaptivePool2D) input(x []float32, n int) []float32 {
	size := g.H * g.W * g.C
	return x[n*size : (n+1)*size]
}

// output is the image n of Y.
func (g adaptivePool2D) output(y []float32, n int) []float32 {
	size := g.P * g.Q * g.C
	return y[n*size : (n+1)*size]
}

// indexOf is that of image n, nil if there is none.
func (g adaptivePool2D) indexOf(index []int32, n int) []int32 {
	if index == nil {
		return nil
	}
	size := g.P * g.Q * g.C
	return index[n*size : (n+1)*size]
}
