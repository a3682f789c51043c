package cpu

import "cnn-gpu/kernels"

// winogradDgrad is the gradient by the input by an algorithm of Winograd, the transpose of that of the convolution: by a tile of the input it is
//
//	Σ_k B [(G g Gᵀ) ⊙ (A dy Aᵀ)] Bᵀ,
//
// with as many products as the convolution takes. Tiles of the input overlap, so each is added to what those before it left.
type winogradDgrad struct {
	conv2D
	winogradProducts
	in, out    image     // DX with all that the tiles reach, and DY in whole tiles
	transposed []float32 // the filters, [3 3 K C]
}

func newWinogradDgrad(g conv2D, tile, workers int) *winogradDgrad {
	in, out := g.tiled(tile)
	return &winogradDgrad{
		conv2D: g, winogradProducts: newWinogradProducts(tile, kernels.CeilDiv(g.N, workers), out, g.K, g.C), in: in, out: out,
	}
}

func (op conv2DDgrad) prepareWinograd(workers int) Routine {
	d := newWinogradDgrad(conv2D{op.Conv2D}, op.Winograd, workers)
	return Routine{
		Scratch: workers * d.scratch(),
		Derived: d.derived(),
		keep:    d.keep,
		Weights: []int{1},
		Derive:  func(mem []kernels.Mem, w *Workers) { d.derive(mem[1].F32, w) },
		Run: func(mem []kernels.Mem, w *Workers) {
			w.Run(kernels.CeilDiv(d.N, d.group), func(worker, task int) {
				lo := task * d.group
				d.compute(mem[0].F32, mem[2].F32, lo, min(lo+d.group, d.N), w.Scratch()[worker*d.scratch():(worker+1)*d.scratch()])
			})
		},
	}
}

// scratch is the number of values that a worker needs: padded images, a block's tiles before and after the products, and what finds empty
// windows.
func (d *winogradDgrad) scratch() int {
	return d.in.paddedSize(d.group) + d.out.paddedSize(d.group) + d.transformed() + d.empty().depths()
}

// empty are the windows of DY that the gradients by the input are sums over.
func (d *winogradDgrad) empty() emptyWindows {
	return emptyWindows{d.P, d.Q, d.K, 2 - d.PadTop, 2 - d.PadLeft, d.Window.W}
}

func (d *winogradDgrad) derived() int { return d.winogradProducts.derived() + d.Weights() }

func (d *winogradDgrad) keep(derived []float32) {
	d.filters, d.transposed = split(derived, d.winogradProducts.derived())
}

// derive transforms the transposed filters.
func (d *winogradDgrad) derive(weights []float32, w *Workers) {
	size := d.C * d.K
	w.Run(9, func(_, tap int) { transpose(d.transposed[tap*size:], weights[tap*size:], d.C, d.K, d.C, d.K) })
	d.winogradProducts.derive(d.transposed, w)
}

// compute writes the gradients by images lo to hi.
func (d *winogradDgrad) compute(dy, dx []float32, lo, hi int, scratch []float32) {
	gradient, scratch := split(scratch, d.in.paddedSize(d.group))
	padded, scratch := split(scratch, d.out.paddedSize(d.group))
	in, scratch := split(scratch, d.points()*d.inPoint)
	out, depths := split(scratch, d.points()*d.outPoint)
	size := d.H * d.Window.W * d.C
	dx = dx[lo*size : hi*size]
	if !d.in.isPadded() {
		gradient = dx
	}
	clear(gradient[:(hi-lo)*d.in.size()])
	gradients := dy[lo*d.P*d.Q*d.K:]
	dy = d.out.pad(dy, lo, hi, padded)
	d.eachBlock(0, (hi-lo)*d.tiles, func(first, last int) {
		d.transform(winogradGradient, d.out, dy, in, first, last)
		d.multiply(in, out, last-first, 0, d.width)
		d.spread(out, gradient, first, last)
	})
	if d.in.isPadded() {
		for n := range hi - lo {
			d.in.crop(dx[n*size:], gradient[n*d.in.size():])
		}
	}
	for n := range hi - lo {
		d.empty().each(gradients[n*d.P*d.Q*d.K:], 0, d.H, depths, func(h, w int) {
			clear(dx[n*size+(h*d.Window.W+w)*d.C:][:d.C])
		})
	}
}

// spread adds the gradients by tiles first to last.
func (d *winogradDgrad) spread(out, gradient []float32, first, last int) {
	pitch := d.in.width * d.C
	t := winogradTransform{
		srcRow: d.code.Points() * d.outPoint, srcCol: d.outPoint, srcTile: paddedColumns(d.C), vectors: d.C / winogradVector,
		dstRow: pitch, dstCol: d.C, dstTile: d.code.Tile * d.C,
	}
	for at := first; at < last; at += t.tiles {
		n, row, column := d.place(at)
		t.tiles = min(d.across-column, last-at)
		t.src, t.dst = out[(at-first)*t.srcTile:], gradient[n*d.in.size()+row*d.code.Tile*pitch+column*t.dstTile:]
		d.code.run(winogradSpread, &t)
	}
}
