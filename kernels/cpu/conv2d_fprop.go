package cpu

import (
	"slices"

	"cnn-gpu/kernels"
)

// conv2DFprop is the op with the algorithm that computes it.
type conv2DFprop struct {
	kernels.Conv2DFprop
	Winograd int                    // the tile of Winograd's algorithm, 0 for the sums as they stand; see [conv2D.winogradTile]
	Fold     *kernels.BatchNormFold // makes the weights of W and B; may be nil
}

// Name implements [kernels.Op].
func (op conv2DFprop) Name() string {
	if op.Fold != nil {
		return op.Conv2DFprop.Name() + "_norm"
	}
	return op.Conv2DFprop.Name()
}

// Operands implements [kernels.Op].
func (op conv2DFprop) Operands() []kernels.Operand {
	return append(op.Conv2DFprop.Operands(), op.folded()...)
}

// folded are the operands of the normalisation that is folded into the weights; they stand behind all others.
func (op conv2DFprop) folded() []kernels.Operand {
	if op.Fold == nil {
		return nil
	}
	return op.Fold.Operands()[2:6]
}

// Cost implements [kernels.Op].
func (op conv2DFprop) Cost() kernels.Cost { return costOf(op, []kernels.Op{op.Conv2DFprop}) }

func (op conv2DFprop) geometry() conv2D { return conv2D{op.Conv2D} }

func (op conv2DFprop) prepare(workers int) Routine {
	return op.folding(op.prepareWith(workers, epilogue{floor: noFloor}), op.Operands())
}

// prepareWith returns code that ends with an epilogue, and takes the weights as they are.
func (op conv2DFprop) prepareWith(workers int, end epilogue) Routine {
	f := newFprop(op.geometry(), op.Winograd, end)
	return Routine{
		Scratch: workers * f.scratch(),
		Derived: f.derived(),
		keep:    f.keep,
		Weights: []int{1, 2},
		Derive:  func(mem []kernels.Mem, w *Workers) { f.derive(mem[1].F32, mem[2].F32, w) },
		Run: func(mem []kernels.Mem, w *Workers) {
			computeAll(f, op.N, op.geometry().outputsPerImage(), mem[0].F32, end.outputs(mem, 3), w.Scratch(), w)
		},
		Chunk: &chunkCode{
			chunking: op.chunking(), Batched: end.batched(3), Scratch: f.scratch(),
			Run: func(_ int, mem []kernels.Mem, images int, scratch, _ []float32) {
				for lo, group := 0, f.images(); lo < images; lo += group {
					f.compute(mem[0].F32, end.outputs(mem, 3).from(lo*op.geometry().outputsPerImage()), lo, min(lo+group, images), scratch, 0, 1)
				}
			},
		},
	}
}

// folding gives code, that of the op or of one that begins with it, the weights that the fold makes.
func (op conv2DFprop) folding(r Routine, operands []kernels.Operand) Routine {
	if op.Fold == nil {
		return r
	}
	unfolded := r
	var w, b, scratch []float32
	r.Derived += op.Weights() + 3*op.K
	r.keep = func(derived []float32) {
		w, derived = split(derived, op.Weights())
		b, derived = split(derived, op.K)
		scratch, derived = split(derived, 2*op.K)
		if unfolded.keep != nil {
			unfolded.keep(derived)
		}
	}
	first := len(operands) - len(op.folded())
	for i := first; i < len(operands); i++ {
		r.Weights = append(r.Weights, i)
	}
	r.Derive = func(mem []kernels.Mem, workers *Workers) {
		of := slices.Concat(mem[1:3], mem[first:], []kernels.Mem{{F32: w}, {F32: b}})
		foldBatchNorm(*op.Fold, of, scratch, workers)
		weights := slices.Clone(mem)
		weights[1].F32, weights[2].F32 = w, b
		unfolded.Derive(weights, workers)
	}
	return r
}

func (op conv2DFprop) chunking() chunking {
	rows, filters := op.P*op.Q, op.geometry().panelsSize() // of the products for an image
	if tile := op.Winograd; tile > 0 {
		rows = kernels.CeilDiv(op.P, tile) * kernels.CeilDiv(op.Q, tile)
		filters = (tile + 2) * (tile + 2) * panelsSize(op.C, op.K)
	}
	return chunking{Batch: op.N, Images: min(op.N, kernels.CeilDiv(8*tileRows, rows)), Weights: filters}
}

// fprop is a way to compute convolutions.
type fprop interface {
	// images is how many images are computed together.
	images() int
	// parts is the number of parts that their outputs are split into, so that there is work for every worker when there are few images.
	parts(workers int) int
	// scratch is the number of values that a worker needs.
	scratch() int
	// derived is the number of values that derive makes.
	derived() int
	// keep gives it zeros for them.
	keep(derived []float32)
	// derive makes of the weights what compute needs.
	derive(weights, bias []float32, w *Workers)
	// compute makes a part of the outputs of images lo to hi of x; the first image of c is lo.
	compute(x []float32, c outputs, lo, hi int, scratch []float32, part, parts int)
}

// computeAll makes the outputs of all images of x, maps values for each.
func computeAll(f fprop, images, maps int, x []float32, y outputs, scratch []float32, w *Workers) {
	group, parts, own := f.images(), f.parts(w.Count()), f.scratch()
	w.Run(kernels.CeilDiv(images, group)*parts, func(worker, task int) {
		lo := task / parts * group
		f.compute(x, y.from(lo*maps), lo, min(lo+group, images), scratch[worker*own:(worker+1)*own], task%parts, parts)
	})
}

// partsOf is the number of parts that the work on each of some groups of images is split into, so that there is enough for every worker.
func partsOf(groups, workers, most int) int {
	if groups >= 2*workers {
		return 1
	}
	return max(1, min(kernels.CeilDiv(2*workers, groups), most))
}

// newFprop returns the code for a geometry; tile is that of the algorithm of Winograd or 0.
func newFprop(g conv2D, tile int, end epilogue) fprop {
	if tile > 0 {
		return newWinogradFprop(g, tile, end)
	}
	if g.IsDepthwise() {
		return newDepthwiseFprop(g, end)
	}
	return newDirectFprop(g, end)
}

// directFprop is the convolution of some images as a matrix product of their windows with the filters.
type directFprop struct {
	conv2D
	in             image
	strips         []strip
	filters, start []float32 // the weights, in panels or where they lie, and the bias
	row, panel     int       // from one row or panel of the filters to the next
	segments       []segment
	steps          int
	end            epilogue
	group          int   // images that are computed together
	aRows, cRows   []int // of the windows of a group
}

func newDirectFprop(g conv2D, end epilogue) *directFprop {
	f := &directFprop{conv2D: g, in: g.input(), strips: g.filterStrips(), start: make([]float32, g.K+pairColumns), end: end}
	f.group = min(g.N, kernels.CeilDiv(8*tileRows, g.P*g.Q)) // enough for whole blocks of rows
	if f.isInPlace() {
		f.row, f.panel = g.K, tileColumns
	} else {
		f.row, f.panel = tileColumns, g.depth()*tileColumns
	}
	// The S·C values of a window's row are adjacent unless the window is dilated or sees some channels alone.
	runs := 1
	f.steps = g.S * g.C
	if g.DilationW > 1 || g.GroupCount() > 1 {
		f.steps, runs = g.GroupChannels(), g.S
	}
	for r := range g.R {
		for s := range runs {
			f.segments = append(f.segments, segment{
				a: (r*g.DilationH*f.in.width + s*g.DilationW) * g.C,
				b: len(f.segments) * f.steps * f.row,
			})
		}
	}
	for n := range f.group {
		for p := range g.P {
			for q := range g.Q {
				f.aRows = append(f.aRows, n*f.in.size()+g.corner(p, q))
				f.cRows = append(f.cRows, len(f.cRows)*g.K)
			}
		}
	}
	return f
}

// isInPlace says whether the filters are read where they lie: packing takes half as long as a product of 32 rows, and gains nothing where
// the rows are short.
func (f *directFprop) isInPlace() bool {
	return f.GroupFilters()%tileColumns == 0 && f.K <= 4*tileColumns
}

func (f *directFprop) images() int { return f.group }

// depth is the number of products of an output.
func (g conv2D) depth() int { return g.R * g.S * g.GroupChannels() }

// outputsPerImage is the number of values that the convolution makes of one image.
func (g conv2D) outputsPerImage() int { return g.P * g.Q * g.K }

func (f *directFprop) parts(workers int) int {
	return f.cut().parts(kernels.CeilDiv(f.N, f.group), workers)
}

// cut says how the outputs of a group are shared out.
func (f *directFprop) cut() cut {
	return newCut(len(f.strips), len(f.aRows)/(2*tileRows), f.panelsSize(), f.group*f.in.size())
}

func (f *directFprop) scratch() int { return f.in.paddedSize(f.group) }

func (f *directFprop) derived() int {
	if f.isInPlace() {
		return 0
	}
	return f.panelsSize()
}

func (f *directFprop) keep(derived []float32) { f.filters = derived }

func (f *directFprop) derive(weights, bias []float32, w *Workers) {
	copy(f.start, bias)
	if f.isInPlace() {
		f.filters = weights
		return
	}
	f.pack(f.filters, weights, w)
}

// panelsSize is the number of values of the filters where they are packed.
func (g conv2D) panelsSize() int { return panelsOf(g.filterStrips()) * g.depth() * tileColumns }

// pack packs the filters for the inner kernels.
func (g conv2D) pack(panels, weights []float32, w *Workers) {
	depth, strips := g.depth(), g.filterStrips()
	w.Run(len(strips), func(_, i int) {
		strips[i].eachPanel(func(panel, at, valid int) {
			packPanel(panels[panel*depth*tileColumns:], weights, depth, g.K, strips[i].at+at, valid)
		})
	})
}

func (f *directFprop) compute(x []float32, c outputs, lo, hi int, padded []float32, part, parts int) {
	t := product{segments: f.segments, steps: f.steps, aStep: 1, bStep: f.row, panel: f.panel, floor: f.end.floor}
	shareOfStrips, rows := f.cut().of(part, parts)
	first, last := shareOfStrips.of(len(f.strips))
	strips := f.strips[first:last]
	from, to := strips[0].at, strips[len(strips)-1].at+strips[len(strips)-1].valid
	first, last = rows.of((hi - lo) * f.P * f.Q)
	if first == last {
		return
	}
	in := f.in.padRows(x, lo, hi, padded, first/f.Q*f.StrideH, (last-1)/f.Q*f.StrideH+(f.R-1)*f.DilationH+1)
	f.end.eachBlock(first, last, 8*tileRows, to-from, func(first, last int) {
		t.aRows, t.cRows = f.aRows[first:last], f.cRows[first:last]
		for _, s := range strips {
			t.a, t.b, t.c, t.start = in[s.other:], f.filters[s.panel*f.panel:], c.y[s.at:], f.start[s.at:]
			t.run(s.valid)
		}
		f.end.finish(c.from(first*f.K+from), last-first, to-from, f.K)
	})
}

// pad returns images lo to hi of a batch x, padded into scratch if need be.
func (m image) pad(x []float32, lo, hi int, scratch []float32) []float32 {
	in := m.inHeight * m.inWidth * m.channels
	x = x[lo*in : hi*in]
	if !m.isPadded() {
		return x
	}
	for n := range hi - lo {
		m.fill(scratch[n*m.size():], x[n*in:], 0, m.height)
	}
	return scratch
}

// padRows is pad for a user who reads some rows alone of a single image.
func (m image) padRows(x []float32, lo, hi int, scratch []float32, first, last int) []float32 {
	if hi-lo > 1 || !m.isPadded() {
		return m.pad(x, lo, hi, scratch)
	}
	m.fill(scratch, x[lo*m.inHeight*m.inWidth*m.channels:], first, last)
	return scratch
}
