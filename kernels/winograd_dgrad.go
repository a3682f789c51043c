package kernels

// prepareWinograd returns the gradient as the convolution of DY with the filters turned by 180°, their inputs and outputs exchanged.
func (op Conv2DDgrad) prepareWinograd(workers int) Routine {
	g := op.turned()
	f := newWinogradFprop(g, op.Winograd, noFloor)
	turned := make([]float32, op.depth()*op.K)
	return Routine{
		Scratch: workers * f.scratch(),
		Weights: []int{1},
		Derive: func(mem []Mem, w *Workers) {
			w.Run(op.R*op.S, func(_, tap int) {
				size := op.C * op.K
				transpose(turned[tap*size:(tap+1)*size], mem[1].F32[(op.R*op.S-1-tap)*size:], op.C, op.K, op.C, op.K)
			})
			f.derive(turned, nil, w)
		},
		Run: func(mem []Mem, w *Workers) {
			computeAll(f, op.N, g.maps(), mem[0].F32, mem[2].F32, w.Scratch(), w)
		},
	}
}

// turned is the geometry of the convolution of DY that is the gradient, for strides and dilations of 1.
func (g Conv2D) turned() Conv2D {
	return Conv2D{N: g.N, C: g.K, K: g.C, Window: Window{
		H: g.P, W: g.Q, R: g.R, S: g.S, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1,
		PadTop: g.R - 1 - g.PadTop, PadLeft: g.S - 1 - g.PadLeft, P: g.H, Q: g.Window.W,
	}}
}
