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
	g := newDirectWgrad(conv2D{op.Conv2D}, workers)
	return Routine{
		Scratch: g.scratch(),
		Run: func(mem []kernels.Mem, w *Workers) {
			for _, b := range g.bands {
				g.addBand(b, mem[0].F32, mem[1].F32, mem[2].F32, w)
			}
		},
	}
}

// directWgrad is the gradient as the product of X, one row for each (r, s, c), with DY, in each group. Both are first copied so that the positions
// that a sum runs over lie together, X as planes [C height width images] and DY as panels [strips rows Q images 16].
type directWgrad struct {
	conv2D
	in     image
	strips []strip // of the filters
	cRows  []int
	tasks  int
	bands  []wgradBand
}

// wgradBand is what is copied and added at a time: some rows of the output, of some images.
type wgradBand struct {
	image, row int
	*bandShape
}

// bandShape is what bands of equal size share.
type bandShape struct {
	images, rows int
	height       int // of the input that the rows see
	width        int // of the input, by the columns that the first tap meets, then those that the second meets, ...
	plane        int // size of a plane
	rowsAtOnce   int // that are added while the sums are in registers
	segments     []segment
	aRows        []int
}

// Sums leave the registers every wgradDepth positions or so: the panel's part then stays in the L1 cache.
const wgradDepth = 256

// wgradBandSize is about the number of values of a band.
const wgradBandSize = 1 << 19

func newDirectWgrad(g conv2D, workers int) *directWgrad {
	d := &directWgrad{conv2D: g, strips: g.filterStrips()}
	if g.R*g.S*g.StrideH*g.StrideW == 1 && g.P == g.H && g.Q == g.Window.W { // every pixel is an image of its own
		d.N, d.Window = g.N*g.H*g.Window.W, kernels.Window{H: 1, W: 1, R: 1, S: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, P: 1, Q: 1}
	}
	d.in = d.input()
	d.eachRow(func(r, s, c int) { d.cRows = append(d.cRows, ((r*d.S+s)*d.GroupChannels()+c)*d.K) })
	d.tasks = min(kernels.CeilDiv(len(d.cRows), tileRows)*len(d.strips), 2*workers)

	images := min(d.N, kernels.CeilDiv(wgradDepth, 8*d.P*d.Q)*8)
	rowSize := images * (d.StrideH*d.in.width*d.C + d.Q*panelsOf(d.strips)*tileColumns)
	rows := max(1, min(d.P, wgradBandSize/rowSize))
	shapes := map[[2]int]*bandShape{}
	for n := 0; n < d.N; n += images {
		for p := 0; p < d.P; p += rows {
			size := [2]int{min(images, d.N-n), min(rows, d.P-p)}
			if shapes[size] == nil {
				shapes[size] = d.shape(size[0], size[1])
			}
			d.bands = append(d.bands, wgradBand{n, p, shapes[size]})
		}
	}
	return d
}

func (d *directWgrad) shape(images, rows int) *bandShape {
	b := &bandShape{images: images, rows: rows, height: (rows-1)*d.StrideH + (d.R-1)*d.DilationH + 1}
	b.width = kernels.CeilDiv(d.in.width, d.StrideW) * d.StrideW
	// An odd number of cache lines, so that planes do not meet in the same places of the cache.
	b.plane = (kernels.CeilDiv(b.height*b.width*images, tileColumns) | 1) * tileColumns
	b.rowsAtOnce = max(1, wgradDepth/(d.Q*images))
	for p := range rows {
		b.segments = append(b.segments, segment{a: p * d.StrideH * b.width * images, b: p * d.Q * images * tileColumns})
	}
	d.eachRow(func(r, s, c int) {
		b.aRows = append(b.aRows, c*b.plane+(r*d.DilationH*b.width+b.column(s*d.DilationW, d.StrideW))*images)
	})
	return b
}

// eachRow calls f for the rows of a group's product in their order: the taps of some planes, then those of the next, so that the planes
// stay in the L1 cache and the rows of DW that are computed together are neighbours.
func (d *directWgrad) eachRow(f func(r, s, c int)) {
	channels := d.GroupChannels()
	for from := 0; from < channels; from += tileRows {
		for tap := range d.R * d.S {
			for c := from; c < min(from+tileRows, channels); c++ {
				f(tap/d.S, tap%d.S, c)
			}
		}
	}
}

// column is where column w of the input lies.
func (b *bandShape) column(w, stride int) int { return w%stride*(b.width/stride) + w/stride }

// scratch holds the copies of a band.
func (d *directWgrad) scratch() int {
	n := 0
	for _, b := range d.bands {
		n = max(n, d.C*b.plane+d.panels(b))
	}
	return n
}

func (d *directWgrad) panels(b wgradBand) int { return panelsOf(d.strips) * d.panelSize(b) }

// panelSize is the number of values of a panel of gradients.
func (d *directWgrad) panelSize(b wgradBand) int { return b.rows * d.Q * b.images * tileColumns }

// addBand adds what a band contributes.
func (d *directWgrad) addBand(b wgradBand, x, dy, dw []float32, w *Workers) {
	panels, planes := split(w.Scratch(), d.panels(b))
	w.Run(b.height+b.rows, func(_, task int) {
		if task < b.height {
			d.copyX(b, planes, x, task)
		} else {
			d.copyDY(b, panels, dy, task-b.height)
		}
	})
	w.Run(d.tasks, func(_, task int) { d.multiply(b, panels, planes, dw, task) })
}

// multiply adds the product to a part of the rows and strips of DW.
func (d *directWgrad) multiply(b wgradBand, panels, planes, dw []float32, task int) {
	t := product{aStep: 1, bStep: tileColumns, panel: d.panelSize(b), steps: d.Q * b.images, floor: noFloor}
	rowBlocks := kernels.CeilDiv(len(b.aRows), tileRows)
	all := rowBlocks * len(d.strips)
	first, last := all*task/d.tasks, all*(task+1)/d.tasks
	for p := 0; p < b.rows; p += b.rowsAtOnce {
		t.segments = b.segments[p:min(p+b.rowsAtOnce, b.rows)]
		for block := first; block < last; {
			i := block / rowBlocks
			s, end := d.strips[i], min(last, (i+1)*rowBlocks)
			from, to := (block-i*rowBlocks)*tileRows, min((end-i*rowBlocks)*tileRows, len(b.aRows))
			t.aRows, t.cRows = b.aRows[from:to], d.cRows[from:to]
			t.a, t.b, t.c = planes[s.other*b.plane:], panels[s.panel*d.panelSize(b):], dw[s.at:]
			t.run(s.valid)
			block = end
		}
	}
}

// copyX makes row h of the planes.
func (d *directWgrad) copyX(b wgradBand, planes, x []float32, h int) {
	width, size := b.width*b.images, d.H*d.Window.W*d.C
	from := b.row*d.StrideH - d.PadTop + h
	if from < 0 || from >= d.H {
		for c := range d.C {
			clear(planes[c*b.plane+h*width:][:width])
		}
		return
	}
	x = x[b.image*size+from*d.Window.W*d.C:]
	if d.C == 1 && d.StrideW == 1 {
		row := planes[h*width:][:width]
		left, right := d.PadLeft*b.images, min(d.PadLeft+d.Window.W, b.width)*b.images
		clear(row[:left])
		transpose(row[left:], x, b.images, size, b.images, d.Window.W)
		clear(row[right:])
		return
	}
	for w := range b.width {
		dst := planes[(h*b.width+b.column(w, d.StrideW))*b.images:]
		if w -= d.PadLeft; w >= 0 && w < d.Window.W {
			transpose(dst, x[w*d.C:], b.plane, size, b.images, d.C)
			continue
		}
		for c := range d.C {
			clear(dst[c*b.plane:][:b.images])
		}
	}
}

// copyDY makes row p of the panels.
func (d *directWgrad) copyDY(b wgradBand, panels, dy []float32, p int) {
	size := d.P * d.Q * d.K
	dy = dy[b.image*size+(b.row+p)*d.Q*d.K:]
	panel, row, filters := d.panelSize(b), p*d.Q*b.images*tileColumns, d.GroupFilters()
	group := panelsOf(d.strips) / d.GroupCount() * panel
	for q := range d.Q {
		for n := range b.images {
			for i := range d.GroupCount() {
				packRow(panels[i*group+row+(q*b.images+n)*tileColumns:], dy[n*size+q*d.K+i*filters:][:filters], panel)
			}
		}
	}
}

// packRow copies a row of a matrix to its panels, of which each begins pitch values after the one before, with zeros beyond its end.
func packRow(panels, row []float32, pitch int) {
	for len(row) >= tileColumns {
		to := (*[tileColumns]float32)(panels)
		for j := 0; j < tileColumns; j += 4 { // in registers, which is quicker than copy
			*(*[4]float32)(to[j:]) = [4]float32(row[j:])
		}
		if row = row[tileColumns:]; len(row) == 0 {
			return
		}
		panels = panels[pitch:]
	}
	clear(panels[copy(panels, row):tileColumns])
}
