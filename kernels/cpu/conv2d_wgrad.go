package cpu

import "cnn-gpu/kernels"

// conv2DWgrad is the op with the algorithm that computes it.
type conv2DWgrad struct {
	kernels.Conv2DWgrad
	Winograd int // the tile of Winograd's algorithm, 0 for the sums as they stand; see [conv2D.winogradTile]
}

func (op conv2DWgrad) prepare(workers int) Routine {
	if op.Winograd > 0 {
		g := newWinogradWgrad(conv2D{op.Conv2D}, op.Winograd)
		return Routine{Scratch: g.scratch(workers), Run: g.run}
	}
	if op.IsDepthwise() {
		return newDepthwiseWgrad(conv2D{op.Conv2D}).prepare(workers)
	}
	return newDirectWgrad(conv2D{op.Conv2D}).prepare(workers)
}

func (op conv2DWgrad) chunking() chunking {
	if op.Winograd > 0 || op.IsDepthwise() {
		return chunking{}
	}
	return newDirectWgrad(conv2D{op.Conv2D}).chunking()
}

// directWgrad is the gradient as products of X with DY, whose terms are the positions. Both are read where they lie: the rows of the products are
// the channels that the taps read, the columns the filters. Where that wastes more of the inner kernel's columns than the other way round, the
// columns are what a row of a filter covers, and the sums are turned when they are added to DW. X is copied where its windows reach beyond it, and both
// are copied where a row of positions is short, so that those of several images lie together.
type directWgrad struct {
	conv2D
	pixels   int // of an image that are images of their own
	images   int // that are summed together
	in       image
	width    int  // of X as it is read
	x, dy    int  // from one pixel of X, or of DY, to the next
	copies   bool // of both
	padded   bool // a copy of X alone
	isTurned bool
	strips   []wgradStrip
	blocks   int // of rows of a strip
	slices   int // of the batch, each with sums of its own

	segments     []segment // a row of positions each
	steps        int       // of a row
	aStep, bStep int
}

// wgradStrip is some columns of the sums, pairColumns at most, with all rows.
type wgradStrip struct {
	a, b, c, columns int
	aRows, cRows     []int
}

const (
	// Sums leave the registers every wgradDepth positions or so: what the columns read then stays in the L1 cache.
	wgradDepth = 128
	// wgradRow is the least number of positions in a row that are read as they lie, and wgradRun that of several images otherwise.
	wgradRow, wgradRun = 8, 64
	// Pixels of a multiple of wgradPitch values meet in the same places of the cache, so that they are copied where each is read at least wgradReads times.
	wgradPitch, wgradReads = 512, 64
	// wgradSlice is the least number of positions that are worth sums of their own.
	wgradSlice = 512
)

func newDirectWgrad(g conv2D) *directWgrad {
	d := &directWgrad{conv2D: g, pixels: 1}
	d.slices = max(1, min(16, g.N*g.P*g.Q/wgradSlice, (1<<20)/g.Weights()))
	if g.R*g.S*g.StrideH*g.StrideW == 1 && g.P == g.H && g.Q == g.Window.W { // every pixel is an image of its own
		d.pixels = g.H * g.Window.W
		d.N, d.Window = g.N*d.pixels, kernels.Window{H: 1, W: 1, R: 1, S: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, P: 1, Q: 1}
		d.images = d.together(wgradDepth)
		d.copies = (g.C%wgradPitch == 0 || g.K%wgradPitch == 0) && min(g.C, g.K) >= wgradReads
	} else {
		d.slices = min(d.slices, g.N)
		if d.images = 1; g.Q < wgradRow {
			d.images = d.together(kernels.CeilDiv(wgradRun, g.Q))
		}
		d.copies = d.images > 1
	}
	d.in = d.input()
	d.width = d.in.width
	d.x, d.dy = g.C, g.K
	if d.copies {
		d.width = kernels.CeilDiv(d.width, d.StrideW) * d.StrideW
		d.x, d.dy = pitchOf(g.C), pitchOf(g.K)
	}
	d.isTurned = d.turns()
	d.padded = !d.copies && (d.in.isPadded() || d.isTurned && d.R*d.S > 1)
	return d
}

// together is how many images of a slice are summed together where at least some are: as equal numbers as may be, since those that are missing
// behind the last are multiplied, too, where they are copied.
func (d *directWgrad) together(least int) int {
	slice := kernels.CeilDiv(d.N, d.slices)
	return kernels.CeilDiv(slice, max(1, slice/least))
}

// pitchOf is how far apart copied pixels of so many values lie, so that they do not meet in the same places of the cache.
func pitchOf(values int) int {
	if values%(wgradPitch/2) == 0 {
		return values + tileColumns
	}
	return values
}

// layOut says where the products find their terms and leave their sums.
func (d *directWgrad) layOut() {
	d.steps, d.aStep, d.bStep = d.Q*d.images, d.StrideW*d.x, d.dy
	if d.copies {
		d.aStep = d.x
	}
	for p := range d.P {
		d.segments = append(d.segments, segment{a: d.place(p*d.StrideH, 0), b: p * d.Q * d.images * d.dy})
	}
	if !d.isTurned {
		var aRows, cRows []int
		for tap := range d.R * d.S {
			for c := range d.GroupChannels() {
				aRows = append(aRows, d.tap(tap/d.S, tap%d.S)+c)
				cRows = append(cRows, len(cRows)*d.K)
			}
		}
		for _, s := range d.filterStrips() {
			d.strips = append(d.strips, wgradStrip{s.other, s.at, s.at, s.valid, aRows, cRows})
		}
	} else {
		d.aStep, d.bStep = d.bStep, d.aStep
		for i, s := range d.segments {
			d.segments[i] = segment{s.b, s.a}
		}
		var aRows, cRows []int
		for k := range d.K {
			aRows, cRows = append(aRows, k), append(cRows, k*d.depth())
		}
		taps, run := d.runs()
		for i := 0; i < d.R*d.S; i += taps {
			for _, s := range strips(1, run, 0) {
				d.strips = append(d.strips, wgradStrip{0, d.tap(i/d.S, i%d.S) + s.at, i*d.C + s.at, s.valid, aRows, cRows})
			}
		}
	}
	d.blocks = kernels.CeilDiv(len(d.strips[0].aRows), tileRows)
}

// place is where the pixel of the first image at a row and column of X lies, as X is read.
func (d *directWgrad) place(h, w int) int {
	if d.copies { // the columns that the first tap meets, then those that the second meets, ...
		w = w%d.StrideW*(d.width/d.StrideW) + w/d.StrideW
	}
	return (h*d.width + w) * d.images * d.x
}

// tap is where a tap of the first window lies.
func (d *directWgrad) tap(r, s int) int { return d.place(r*d.DilationH, s*d.DilationW) }

// runs is how many taps of a row of a filter lie together, and how many values they have.
func (d *directWgrad) runs() (taps, values int) {
	if d.copies || d.DilationW > 1 {
		return 1, d.C
	}
	return d.S, d.S * d.C
}

// turns says whether the inner kernel computes fewer columns of the turned sums, by so much that it pays for turning them.
func (d *directWgrad) turns() bool {
	taps, values := d.runs()
	turned, straight := d.K*d.R*d.S/taps*paddedColumns(values), d.R*d.S*d.GroupChannels()*panelsOf(d.filterStrips())*tileColumns
	return d.GroupCount() == 1 && 10*turned < 9*straight
}

func (d *directWgrad) prepare(workers int) Routine {
	d.layOut()
	blocks, own, sums := len(d.strips)*d.blocks, d.scratch(), 0
	parts := partsOf(d.slices, workers, blocks)
	if d.slices > 1 || d.isTurned {
		sums = d.slices * d.Weights()
	}
	return Routine{
		Scratch: sums + workers*own,
		Run: func(mem []kernels.Mem, w *Workers) {
			sums, scratch := split(w.Scratch(), sums)
			clear(sums)
			w.Run(d.slices*parts, func(worker, task int) {
				slice, part := task/parts, task%parts
				to := mem[2].F32
				if len(sums) > 0 {
					to = sums[slice*d.Weights():][:d.Weights()]
				}
				images := [2]int{d.N * slice / d.slices, d.N * (slice + 1) / d.slices}
				d.add(to, mem[0].F32, mem[1].F32, images, [2]int{blocks * part / parts, blocks * (part + 1) / parts}, scratch[worker*own:])
			})
			d.addSums(mem[2].F32, sums, w)
		},
		Chunk: &chunkCode{
			chunking: d.chunking(), Batched: []int{0, 1}, Scratch: own, Sums: d.Weights(),
			Run: func(_ int, mem []kernels.Mem, images int, scratch, sums []float32) {
				d.add(sums, mem[0].F32, mem[1].F32, [2]int{0, images * d.pixels}, [2]int{0, blocks}, scratch)
			},
			Add: func(mem []kernels.Mem, sums []float32, w *Workers) { d.addSums(mem[2].F32, sums, w) },
		},
	}
}

func (d *directWgrad) chunking() chunking {
	return chunking{Batch: d.N / d.pixels, Images: kernels.CeilDiv(d.images, d.pixels), Weights: d.Weights()}
}

// scratch is the number of values that a worker copies.
func (d *directWgrad) scratch() int {
	switch {
	case d.copies:
		return d.images * (d.in.height*d.width*d.x + d.P*d.Q*d.dy)
	case d.padded:
		return d.in.size()
	}
	return 0
}

// add adds what some images contribute to some of the sums.
func (d *directWgrad) add(sums, x, dy []float32, images, blocks [2]int, scratch []float32) {
	in, out := d.H*d.Window.W*d.C, d.P*d.Q*d.K
	for lo := images[0]; lo < images[1]; lo += d.images {
		hi := min(lo+d.images, images[1])
		x, dy, steps := x[lo*in:hi*in], dy[lo*out:hi*out], d.steps
		switch {
		case d.copies:
			inputs, gradients := split(scratch, d.images*d.in.height*d.width*d.x)
			d.copyX(inputs, x, hi-lo)
			d.copyDY(gradients, dy, hi-lo)
			x, dy = inputs, gradients
		case d.padded:
			d.in.fill(scratch, x, 0, d.in.height)
			x = scratch
		default: // all positions of the images are one row
			steps = d.Q * (hi - lo)
		}
		if d.isTurned {
			x, dy = dy, x
		}
		d.multiply(sums, x, dy, steps, blocks)
	}
}

// multiply adds products to some blocks of rows of the sums.
func (d *directWgrad) multiply(sums, a, b []float32, steps int, blocks [2]int) {
	t := product{aStep: d.aStep, bStep: d.bStep, panel: tileColumns, steps: steps, floor: noFloor}
	atOnce := max(1, wgradDepth/steps)
	for p := 0; p < d.P; p += atOnce {
		t.segments = d.segments[p:min(p+atOnce, d.P)]
		for block := blocks[0]; block < blocks[1]; {
			i := block / d.blocks
			s, end := d.strips[i], min(blocks[1], (i+1)*d.blocks)
			from, to := (block-i*d.blocks)*tileRows, min((end-i*d.blocks)*tileRows, len(s.aRows))
			t.aRows, t.cRows = s.aRows[from:to], s.cRows[from:to]
			t.a, t.b, t.c = a[s.a:], b[s.b:], sums[s.c:]
			t.run(s.columns)
			block = end
		}
	}
}

// copyX copies some images so that the same pixels of all lie together, with zeros around them and in place of those that are missing.
func (d *directWgrad) copyX(dst, x []float32, images int) {
	size := d.H * d.Window.W * d.C
	for h := range d.in.height {
		for w := range d.width {
			pixels := dst[d.place(h, w):][:d.images*d.x]
			h, w := h-d.PadTop, w-d.PadLeft
			if h < 0 || h >= d.H || w < 0 || w >= d.Window.W {
				clear(pixels)
				continue
			}
			copyPixel(pixels, x[(h*d.Window.W+w)*d.C:], d.x, size, d.C, images)
		}
	}
}

// copyDY does the same with the gradients.
func (d *directWgrad) copyDY(dst, dy []float32, images int) {
	positions := d.P * d.Q
	for at := range positions {
		copyPixel(dst[at*d.images*d.dy:][:d.images*d.dy], dy[at*d.K:], d.dy, positions*d.K, d.K, images)
	}
}

// copyPixel copies a pixel of some images, image values from one to the next, to places that lie pitch values apart, with zeros in those behind them.
func copyPixel(dst, src []float32, pitch, image, values, images int) {
	for n := range images {
		copy(dst[n*pitch:][:values], src[n*image:])
	}
	clear(dst[images*pitch:])
}

// addSums adds the sums of the slices to the gradient, one after the other.
func (d *directWgrad) addSums(dw, sums []float32, w *Workers) {
	if len(sums) == 0 {
		return
	}
	size := d.Weights()
	if !d.isTurned {
		w.Range(size, func(lo, hi int) {
			for at := 0; at < len(sums); at += size {
				accumulate(dw[lo:hi], sums[at+lo:])
			}
		})
		return
	}
	w.Range(size, func(lo, hi int) {
		for at := size; at < len(sums); at += size {
			accumulate(sums[lo:hi], sums[at+lo:])
		}
	})
	const side = 32
	w.Run(kernels.CeilDiv(d.depth(), side), func(_, task int) {
		var turned [side * side]float32
		row := task * side
		rows := min(side, d.depth()-row)
		for k := 0; k < d.K; k += side {
			columns := min(side, d.K-k)
			transpose(turned[:], sums[k*d.depth()+row:], side, d.depth(), columns, rows)
			for i := range rows {
				accumulate(dw[(row+i)*d.K+k:][:columns], turned[i*side:])
			}
		}
	})
}
