package cpu

import (
	"slices"

	"cnn-gpu/kernels"
)

// conv2DDgrad is the op with the algorithm that computes it.
type conv2DDgrad struct {
	kernels.Conv2DDgrad
	Winograd int // the tile of Winograd's algorithm, 0 for the sums as they stand; see [conv2D.winogradTile]
}

func (op conv2DDgrad) prepare(workers int) Routine {
	if op.Winograd > 0 {
		return op.prepareWinograd(workers)
	}
	if op.IsDepthwise() {
		return newDepthwiseDgrad(conv2D{op.Conv2D}).prepare(workers)
	}
	d := newDirectDgrad(conv2D{op.Conv2D}, workers)
	return Routine{
		Derived: panelsOf(d.strips) * d.panelSize(),
		keep:    func(derived []float32) { d.panels = derived },
		Weights: []int{1},
		Derive:  func(mem []kernels.Mem, w *Workers) { d.derive(mem[1].F32, w) },
		Run: func(mem []kernels.Mem, w *Workers) {
			w.Run(len(d.tasks), func(_, task int) { d.compute(d.tasks[task], mem[0].F32, mem[2].F32) })
		},
		Chunk: &chunkCode{
			chunking: op.chunking(), Batched: []int{0, 2},
			Run: func(_ int, mem []kernels.Mem, images int, _, _ []float32) {
				for _, p := range d.pieces {
					for n := 0; n < images; n += p.images {
						d.compute(dgradTask{p, n, 0, min(p.images, images-n) * p.positions}, mem[0].F32, mem[2].F32)
					}
				}
			},
		},
	}
}

func (op conv2DDgrad) chunking() chunking {
	if op.Winograd > 0 || op.IsDepthwise() {
		return chunking{}
	}
	const positions = 512 // beside which the few rows of the products at corners are nothing
	images := min(op.N, kernels.CeilDiv(positions, op.H*op.Conv2D.Window.W))
	return chunking{Batch: op.N, Images: images, Weights: op.Weights()}
}

// directDgrad is the gradient as matrix products of windows of DY with the transposed filters, one for each pair of borders.
type directDgrad struct {
	conv2D
	strips []strip // of the channels
	taps   []int   // the order of the taps in the panels, such that a border's are neighbours
	panels []float32
	start  []float32 // zeros
	pieces []*dgradPiece
	tasks  []dgradTask
}

// dgradPiece is the product at the positions of a pair of borders.
type dgradPiece struct {
	segments          []segment
	steps             int
	images, positions int   // that are computed together, and of each image
	aRows, cRows      []int // of the images
}

// dgradTask is some rows of a piece, of the images from image on.
type dgradTask struct {
	*dgradPiece
	image, first, last int
}

func newDirectDgrad(g conv2D, workers int) *directDgrad {
	d := &directDgrad{conv2D: g, strips: strips(g.GroupCount(), g.GroupChannels(), g.GroupFilters()), start: make([]float32, pairColumns)}
	rowTaps, reads := dgradTaps(g.P, g.R, g.StrideH, g.DilationH, g.PadTop)
	rows := borders(g.H, rowTaps, reads)
	colTaps, reads := dgradTaps(g.Q, g.S, g.StrideW, g.DilationW, g.PadLeft)
	cols := borders(g.Window.W, colTaps, reads)
	for _, r := range rowTaps {
		for _, s := range colTaps {
			d.taps = append(d.taps, r*g.S+s)
		}
	}
	grain := max(2*tileRows, kernels.CeilDiv(g.N*g.H*g.Window.W, 2*workers))
	for _, row := range rows {
		for _, col := range cols {
			positions := len(row.positions) * len(col.positions)
			images := min(g.N, kernels.CeilDiv(8*tileRows, positions)) // enough for whole blocks of rows
			piece := d.piece(row, col, images)
			d.pieces = append(d.pieces, piece)
			for n := 0; n < g.N; n += images {
				count := min(images, g.N-n) * positions
				for part, parts := 0, kernels.CeilDiv(count, grain); part < parts; part++ {
					d.tasks = append(d.tasks, dgradTask{piece, n, count * part / parts, count * (part + 1) / parts})
				}
			}
		}
	}
	return d
}

// dgradTaps is one side of a gradient: the taps, those that a position meets side by side, and what they read there. A stride splits the
// positions: those with the same (h + pad) mod stride meet the same taps.
func dgradTaps(out, size, stride, dilation, pad int) (taps []int, reads func(h, r int) (int, bool)) {
	for phase := range stride {
		for r := size - 1; r >= 0; r-- {
			if r*dilation%stride == phase {
				taps = append(taps, r)
			}
		}
	}
	return taps, func(h, r int) (int, bool) {
		from := h + pad - r*dilation
		return from / stride, from >= 0 && from%stride == 0 && from/stride < out
	}
}

func (d *directDgrad) piece(row, col border, images int) *dgradPiece {
	p := &dgradPiece{steps: d.GroupFilters(), images: images, positions: len(row.positions) * len(col.positions)}
	runs := len(col.taps)
	if col.step == 1 && d.GroupCount() == 1 { // what the taps of a row read is adjacent
		runs, p.steps = 1, len(col.taps)*d.K
	}
	for i, r := range row.taps {
		for j := range min(runs, len(col.taps)) {
			p.segments = append(p.segments, segment{
				a: (i*row.step*d.Q + j*col.step) * d.K,
				b: slices.Index(d.taps, r*d.S+col.taps[j]) * d.GroupFilters() * tileColumns,
			})
		}
	}
	for n := range images {
		for i, h := range row.positions {
			for j, w := range col.positions {
				p.aRows = append(p.aRows, ((n*d.P+row.first[i])*d.Q+col.first[j])*d.K)
				p.cRows = append(p.cRows, ((n*d.H+h)*d.Window.W+w)*d.C)
			}
		}
	}
	return p
}

// derive packs the transposed filters.
func (d *directDgrad) derive(weights []float32, w *Workers) {
	filters := d.GroupFilters()
	w.Run(len(d.strips), func(_, i int) {
		s := d.strips[i]
		s.eachPanel(func(panel, at, valid int) {
			for j, tap := range d.taps {
				from := (tap*d.GroupChannels()+s.at+at-s.from)*d.K + s.other
				transpose(d.panels[panel*d.panelSize()+j*filters*tileColumns:], weights[from:], tileColumns, d.K, valid, filters)
			}
		})
	})
}

// panelSize is the number of values of a panel of filters.
func (d *directDgrad) panelSize() int { return len(d.taps) * d.GroupFilters() * tileColumns }

// compute writes the gradients of a task.
func (d *directDgrad) compute(task dgradTask, dy, dx []float32) {
	t := product{
		start: d.start, segments: task.segments, steps: task.steps, aStep: 1, bStep: tileColumns, panel: d.panelSize(),
		aRows: task.aRows[task.first:task.last], cRows: task.cRows[task.first:task.last], floor: noFloor,
	}
	dy, dx = dy[task.image*d.P*d.Q*d.K:], dx[task.image*d.H*d.Window.W*d.C:]
	for _, s := range d.strips {
		t.a, t.b, t.c = dy[s.other:], d.panels[s.panel*d.panelSize():], dx[s.at:]
		t.run(s.valid)
	}
}
