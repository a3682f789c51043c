package kernels

// Conv2DDgrad computes a convolution's gradient by its input,
//
//	DX[n,h,w,c] = Σ DY[n,p,q,k] · W[r,s,c,k]   over all p, q, r, s, k with h = p·StrideH + r·DilationH − PadTop, and w likewise.
type Conv2DDgrad struct {
	Conv2D
	DY, W, DX *Buffer

	// Winograd is the tile of the algorithm that the CPU uses, 0 for the sums as they stand; see [Conv2D.WinogradTile].
	Winograd int
}

// Name implements [Op].
func (op Conv2DDgrad) Name() string { return "conv2d_dgrad" }

// Operands implements [Op].
func (op Conv2DDgrad) Operands() []Operand {
	return []Operand{
		floats("dy", op.DY, Read, op.outputs()),
		floats("w", op.W, Read, op.weights()),
		floats("dx", op.DX, Write, op.inputs()),
	}
}

// Cost implements [Op].
func (op Conv2DDgrad) Cost() Cost { return cost(op, op.flops()) }

// A stride splits the input positions into phases: those with the same (h + PadTop) mod StrideH meet the same rows r of the
// filter. Within a phase the gradient is a convolution of DY with stride 1, which reads DY at position − shift for each tap.
type phase struct {
	first, count int // positions first, first+1, ... of the phase; position j stands for h = j·stride + phase − pad
	taps         []tap
}

type tap struct{ index, shift int }

func phases(extent, size, stride, dilation, pad int) []phase {
	var all []phase
	for at := range stride {
		var ph phase
		ph.first = max(pad-at+stride-1, 0) / stride
		if last := extent - 1 + pad - at; last >= 0 {
			ph.count = last/stride - ph.first + 1
		}
		for r := range size {
			if reach := r * dilation; reach%stride == at {
				ph.taps = append(ph.taps, tap{index: r, shift: (reach - at) / stride})
			}
		}
		all = append(all, ph)
	}
	return all
}

// span is the range of positions of DY, beyond its borders too, that the phases read.
func span(phases []phase) (lo, hi int) {
	for _, ph := range phases {
		if ph.count < 1 {
			continue
		}
		for _, t := range ph.taps {
			lo = min(lo, ph.first-t.shift)
			hi = max(hi, ph.first+ph.count-t.shift)
		}
	}
	return lo, hi
}

// gradient is DY as the phases see it.
func (g Conv2D) gradient(rows, cols []phase) image {
	top, bottom := span(rows)
	left, right := span(cols)
	return newImage(g.P, g.Q, g.K, -top, -left, bottom, right)
}

func (g Conv2D) phases() (rows, cols []phase) {
	return phases(g.H, g.R, g.StrideH, g.DilationH, g.PadTop), phases(g.W, g.S, g.StrideW, g.DilationW, g.PadLeft)
}

// Host implements [Op].
func (op Conv2DDgrad) Host(mem []Mem, w *Workers) { prepareAndRun(op, mem, w) }

// Prepare implements [Preparer].
func (op Conv2DDgrad) Prepare(workers int) Routine {
	if op.Winograd > 0 {
		return op.prepareWinograd(workers)
	}
	d := newDirectDgrad(op.Conv2D)
	parts := d.parts(workers)
	return Routine{
		Scratch: workers * d.scratch(),
		Weights: []int{1},
		Derive:  func(mem []Mem, w *Workers) { d.derive(mem[1].F32, w) },
		Run: func(mem []Mem, w *Workers) {
			w.Run(blocks(op.N, d.group)*parts, func(worker, task int) {
				lo := task / parts * d.group
				d.compute(mem[0].F32, mem[2].F32, lo, min(lo+d.group, op.N), d.worker(w.Scratch(), worker), task%parts, parts)
			})
		},
	}
}

// prepareWinograd returns the gradient as the convolution of DY with the filters turned by 180°, their inputs and outputs exchanged.
func (op Conv2DDgrad) prepareWinograd(workers int) Routine {
	g := op.turned()
	f := newWinogradFprop(g, op.Winograd, noFloor)
	own, group, parts := f.scratch(), f.images(), f.parts(workers)
	turned := make([]float32, op.depth()*op.K)
	return Routine{
		Scratch: workers * own,
		Weights: []int{1},
		Derive: func(mem []Mem, w *Workers) {
			w.Run(op.R*op.S, func(_, tap int) {
				size := op.C * op.K
				transpose(turned[tap*size:(tap+1)*size], mem[1].F32[(op.R*op.S-1-tap)*size:], op.C, op.K, op.C, op.K)
			})
			f.derive(turned, nil, w)
		},
		Run: func(mem []Mem, w *Workers) {
			w.Run(blocks(op.N, group)*parts, func(worker, task int) {
				lo := task / parts * group
				scratch := w.Scratch()[worker*own : (worker+1)*own]
				f.compute(mem[0].F32, mem[2].F32[lo*g.maps():], lo, min(lo+group, op.N), scratch, task%parts, parts)
			})
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

// directDgrad is the gradient of some images as matrix products, one for each pair of phases.
type directDgrad struct {
	Conv2D
	in     image
	group  int // images that are computed together
	pieces []dgradPiece
	start  []float32 // zeros
}

// dgradPiece is the gradient at the positions of a pair of phases: the product of the windows of DY with the taps that they meet.
type dgradPiece struct {
	taps         []int
	panels       []float32
	segments     []segment
	aRows, cRows []int // of a group of images
}

func newDirectDgrad(g Conv2D) *directDgrad {
	rows, cols := g.phases()
	d := &directDgrad{Conv2D: g, in: g.gradient(rows, cols), start: make([]float32, tileColumns)}
	d.group = min(g.N, blocks(8*tileRows, blocks(g.H, g.StrideH)*blocks(g.Window.W, g.StrideW)))
	for hPhase, row := range rows {
		for wPhase, col := range cols {
			if row.count > 0 && col.count > 0 {
				d.pieces = append(d.pieces, d.piece(row, col, hPhase, wPhase))
			}
		}
	}
	return d
}

func (d *directDgrad) piece(row, col phase, hPhase, wPhase int) dgradPiece {
	var p dgradPiece
	for _, r := range row.taps {
		for _, c := range col.taps {
			p.segments = append(p.segments, segment{
				a: -(r.shift*d.in.width + c.shift) * d.K,
				b: len(p.segments) * d.K * tileColumns,
			})
			p.taps = append(p.taps, r.index*d.S+c.index)
		}
	}
	p.panels = make([]float32, panelsSize(len(p.taps)*d.K, d.C))
	for n := range d.group {
		for i := range row.count {
			for j := range col.count {
				p.aRows = append(p.aRows, n*d.in.size()+((row.first+i+d.in.top)*d.in.width+col.first+j+d.in.left)*d.K)
				h, w := (row.first+i)*d.StrideH+hPhase-d.PadTop, (col.first+j)*d.StrideW+wPhase-d.PadLeft
				p.cRows = append(p.cRows, ((n*d.H+h)*d.Window.W+w)*d.C)
			}
		}
	}
	return p
}

// parts is the number of parts that each group's positions are split into, so that there is work for every worker when there are
// few images.
func (d *directDgrad) parts(workers int) int {
	groups := blocks(d.N, d.group)
	if groups >= 2*workers {
		return 1
	}
	return max(1, min(blocks(2*workers, groups), d.group*d.H*d.Window.W/(2*tileRows)))
}

// scratch is the number of values that a worker needs.
func (d *directDgrad) scratch() int {
	if d.in.isPadded() {
		return d.group * d.in.size()
	}
	return 0
}

// worker is a worker's part of the scratch memory.
func (d *directDgrad) worker(scratch []float32, worker int) []float32 {
	return scratch[worker*d.scratch() : (worker+1)*d.scratch()]
}

// derive packs the transposed filter taps of each piece.
func (d *directDgrad) derive(weights []float32, w *Workers) {
	for i := range d.pieces {
		p := &d.pieces[i]
		depth := len(p.taps) * d.K
		w.Run(columns(d.C)/tileColumns, func(_, panel int) {
			d.packTransposed(p.panels[panel*depth*tileColumns:], weights, p.taps, panel*tileColumns)
		})
	}
}

// packTransposed packs W[tap, c, k] of the given taps into a panel whose depth runs over (tap, k) and whose columns are c from at on.
func (d *directDgrad) packTransposed(panel, weights []float32, taps []int, at int) {
	for t, tap := range taps {
		rows := panel[t*d.K*tileColumns : (t+1)*d.K*tileColumns]
		for j := range tileColumns {
			c := at + j
			if c >= d.C {
				for k := range d.K {
					rows[k*tileColumns+j] = 0
				}
				continue
			}
			for k, v := range weights[(tap*d.C+c)*d.K : (tap*d.C+c+1)*d.K] {
				rows[k*tileColumns+j] = v
			}
		}
	}
}

// compute writes a part of the gradients of images lo to hi.
func (d *directDgrad) compute(dy, dx []float32, lo, hi int, padded []float32, part, parts int) {
	a := d.in.of(dy, lo, hi, padded)
	size := d.H * d.Window.W * d.C
	dx = dx[lo*size : hi*size]
	var e edge
	for i := range d.pieces {
		p := &d.pieces[i]
		t := product{a: a, start: d.start, segments: p.segments, steps: d.K, aStep: 1, bStep: tileColumns, floor: noFloor}
		positions := len(p.aRows) / d.group * (hi - lo)
		first, last := positions*part/parts, positions*(part+1)/parts
		t.aRows, t.cRows = p.aRows[first:last], p.cRows[first:last]
		depth := len(p.taps) * d.K
		for at := 0; at < d.C; at += tileColumns {
			t.b, t.c = p.panels[at*depth:], dx[at:]
			t.runColumns(min(tileColumns, d.C-at), &e)
		}
	}
}

// Launches implements [Op].
func (op Conv2DDgrad) Launches() []Launch {
	return []Launch{perTile("conv2d_dgrad", op.defines(), op.N*op.H*op.Window.W, op.C, 1)}
}
