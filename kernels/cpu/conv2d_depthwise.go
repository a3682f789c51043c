package cpu

import (
	"slices"

	"cnn-gpu/kernels"
)

// A depthwise convolution is no matrix product: it runs over vectors of channels, at about the speed of the caches. Where channels have
// several filters each, they are repeated as often first.

// multiplier is the number of filters of a channel of a depthwise convolution.
func (g conv2D) multiplier() int { return g.K / g.C }

// repeatedSize is the number of values of an image whose channels are repeated for their filters; 0 where there is nothing to repeat.
func (g conv2D) repeatedSize() int {
	if g.multiplier() == 1 {
		return 0
	}
	return g.H * g.Window.W * g.K
}

// repeated is an image with each channel as often as it has filters, in scratch if need be.
func (g conv2D) repeated(x, scratch []float32) []float32 {
	m := g.multiplier()
	if m == 1 {
		return x
	}
	for i, v := range x {
		row := scratch[i*m : (i+1)*m]
		for j := range row {
			row[j] = v
		}
	}
	return scratch
}

// depthwiseSums are the sums of a depthwise convolution, or of its gradient by the input, with filters [tapRows tapColumns channels].
type depthwiseSums struct {
	rows, columns        []evenRun
	width                int // of the images that are read
	tapColumns, channels int
	floor                float32
}

// evenRun is positions along one side of an image which meet the same taps, evenly spaced as is what they read.
type evenRun struct {
	tap, taps, tapStep int // the first among all taps, how many there are, and from what one reads to what the next one reads
	count              int
	position, step     int
	first, firstStep   int // what the first tap reads
}

// evenRuns are all positions; see [borders].
func evenRuns(extent int, taps []int, reads func(position, tap int) (at int, ok bool)) (list []evenRun) {
	for _, b := range borders(extent, taps, reads) {
		for i := 0; i < len(b.positions); {
			r := evenRun{taps: len(b.taps), tapStep: b.step, position: b.positions[i], first: b.first[i]}
			if r.taps > 0 {
				r.tap = slices.Index(taps, b.taps[0])
			}
			for r.count = 1; i+r.count < len(b.positions); r.count++ {
				step, firstStep := b.positions[i+r.count]-b.positions[i+r.count-1], b.first[i+r.count]-b.first[i+r.count-1]
				if r.count == 1 {
					r.step, r.firstStep = step, firstStep
				}
				if step != r.step || firstStep != r.firstStep {
					break
				}
			}
			list = append(list, r)
			i += r.count
		}
	}
	return list
}

// within is the part of a run that lies at positions lo to hi-1.
func (r evenRun) within(lo, hi int) evenRun {
	step := max(1, r.step)
	begin, end := max(0, kernels.CeilDiv(lo-r.position, step)), min(r.count, kernels.CeilDiv(hi-r.position, step))
	r.position, r.first, r.count = r.position+begin*r.step, r.first+begin*r.firstStep, max(0, end-begin)
	return r
}

// make makes rows lo to hi of an image: y begins with row lo, x is the image that is read. Rows are made one after the other, or few together where they are
// short: those of a whole image would be made column by column at its borders, which takes long where it comes from memory.
func (d *depthwiseSums) make(lo, hi int, x, filters, start, y []float32) {
	line := 0
	for _, across := range d.columns {
		line += across.count * d.channels
	}
	const together = 1 << 12
	lines := max(1, together/line)
	for first := lo; first < hi; first += lines {
		last := min(first+lines, hi)
		for _, down := range d.rows {
			if down = down.within(first, last); down.count > 0 {
				d.makeRun(down, line, x, filters, start, y[(down.position-lo)*line:])
			}
		}
	}
}

// makeRun makes rows of line values that meet the same taps.
func (d *depthwiseSums) makeRun(down evenRun, line int, x, filters, start, y []float32) {
	for _, across := range d.columns {
		t := depthwiseWindows{
			x:       x[(down.first*d.width+across.first)*d.channels:],
			filters: filters[(down.tap*d.tapColumns+across.tap)*d.channels:], start: start,
			y: y[across.position*d.channels:], lines: down.count, windows: across.count, channels: d.channels,
			rows: down.taps, columns: across.taps,
			xLine: down.firstStep * d.width * d.channels, xStep: across.firstStep * d.channels,
			yLine: down.step * line, yStep: across.step * d.channels,
			xRow: down.tapStep * d.width * d.channels, xColumn: across.tapStep * d.channels,
			filterRow: d.tapColumns * d.channels, floor: d.floor,
		}
		t.run()
	}
}

// depthwiseFprop is the convolution.
type depthwiseFprop struct {
	conv2D
	sums           depthwiseSums
	filters, start []float32
	end            epilogue
}

func newDepthwiseFprop(g conv2D, end epilogue) *depthwiseFprop {
	return &depthwiseFprop{
		conv2D: g, start: make([]float32, g.K), end: end,
		sums: depthwiseSums{
			rows:    windowRuns(g.P, g.R, g.StrideH, g.DilationH, g.PadTop, g.H),
			columns: windowRuns(g.Q, g.S, g.StrideW, g.DilationW, g.PadLeft, g.Window.W),
			width:   g.Window.W, tapColumns: g.S, channels: g.K, floor: end.floor,
		},
	}
}

// windowRuns are the outputs along one side of an image.
func windowRuns(out, size, stride, dilation, pad, extent int) []evenRun {
	taps := make([]int, size)
	for r := range taps {
		taps[r] = r
	}
	return evenRuns(out, taps, func(p, r int) (int, bool) {
		at := p*stride + r*dilation - pad
		return at, at >= 0 && at < extent
	})
}

func (f *depthwiseFprop) images() int { return 1 }

func (f *depthwiseFprop) parts(workers int) int { return partsOf(f.N, workers, f.P) }

func (f *depthwiseFprop) scratch() int { return f.repeatedSize() }

func (f *depthwiseFprop) derived() int { return 0 }

func (f *depthwiseFprop) keep([]float32) {}

func (f *depthwiseFprop) derive(weights, bias []float32, _ *Workers) {
	f.filters = weights
	copy(f.start, bias)
}

func (f *depthwiseFprop) compute(x []float32, c outputs, lo, hi int, scratch []float32, part, parts int) {
	in, row := f.H*f.Window.W*f.C, f.Q*f.K
	for n := lo; n < hi; n++ {
		image := f.repeated(x[n*in:(n+1)*in], scratch)
		f.end.eachBlock(f.P*part/parts, f.P*(part+1)/parts, 1, row, func(first, last int) {
			y := c.from(((n-lo)*f.P + first) * row)
			f.sums.make(first, last, image, f.filters, f.start, y.y[:(last-first)*row])
			f.end.finish(y, last-first, row, row)
		})
	}
}

// depthwiseDgrad is the gradient by the input: sums over the filters in the order in which the positions meet their taps.
type depthwiseDgrad struct {
	conv2D
	taps           []int
	sums           depthwiseSums
	filters, start []float32
}

func newDepthwiseDgrad(g conv2D) *depthwiseDgrad {
	d := &depthwiseDgrad{conv2D: g, start: make([]float32, g.K)}
	rowTaps, reads := dgradTaps(g.P, g.R, g.StrideH, g.DilationH, g.PadTop)
	rows := evenRuns(g.H, rowTaps, reads)
	columnTaps, reads := dgradTaps(g.Q, g.S, g.StrideW, g.DilationW, g.PadLeft)
	columns := evenRuns(g.Window.W, columnTaps, reads)
	for _, r := range rowTaps {
		for _, s := range columnTaps {
			d.taps = append(d.taps, r*g.S+s)
		}
	}
	d.sums = depthwiseSums{rows: rows, columns: columns, width: g.Q, tapColumns: g.S, channels: g.K, floor: noFloor}
	return d
}

func (d *depthwiseDgrad) prepare(workers int) Routine {
	scratch := 0 // a row of the gradients by the repeated channels
	if d.multiplier() > 1 {
		scratch = d.Window.W * d.K
	}
	parts := partsOf(d.N, workers, d.H)
	return Routine{
		Scratch: workers * scratch,
		Derived: d.Weights(),
		keep:    func(derived []float32) { d.filters = derived },
		Weights: []int{1},
		Derive: func(mem []kernels.Mem, _ *Workers) {
			for i, tap := range d.taps {
				copy(d.filters[i*d.K:(i+1)*d.K], mem[1].F32[tap*d.K:])
			}
		},
		Run: func(mem []kernels.Mem, w *Workers) {
			w.Run(d.N*parts, func(worker, task int) {
				n, part := task/parts, task%parts
				d.compute(mem[0].F32, mem[2].F32, n, d.H*part/parts, d.H*(part+1)/parts, w.Scratch()[worker*scratch:(worker+1)*scratch])
			})
		},
	}
}

// compute writes rows lo to hi of image n of dx.
func (d *depthwiseDgrad) compute(dy, dx []float32, n, lo, hi int, scratch []float32) {
	out, row, m := d.P*d.Q*d.K, d.Window.W*d.C, d.multiplier()
	dy = dy[n*out : (n+1)*out]
	if m == 1 {
		d.sums.make(lo, hi, dy, d.filters, d.start, dx[(n*d.H+lo)*row:(n*d.H+hi)*row])
		return
	}
	for h := lo; h < hi; h++ {
		dst := dx[(n*d.H+h)*row:][:row]
		d.sums.make(h, h+1, dy, d.filters, d.start, scratch)
		for i := range dst {
			dst[i] = 0
			for _, v := range scratch[i*m : (i+1)*m] {
				dst[i] += v
			}
		}
	}
}

// depthwiseWgrad is the gradient by the filters. The rows of all outputs are cut into slices, by shapes alone, and the sums of the slices are
// added in order.
type depthwiseWgrad struct {
	conv2D
	slices int
	atOnce int // rows of outputs whose channels stay in the L1 cache while all taps read them
}

// depthwiseChannels is the number of channels that are summed at once.
const depthwiseChannels = 64

func newDepthwiseWgrad(g conv2D) *depthwiseWgrad {
	const slices, positions = 32, 256
	return &depthwiseWgrad{g, max(1, min(slices, g.N*g.P, g.N*g.P*g.Q/positions)), max(1, positions/g.Q)}
}

func (d *depthwiseWgrad) prepare(workers int) Routine {
	sums, repeated, rows := d.slices*d.Weights(), d.repeatedSize(), d.N*d.P
	return Routine{
		Scratch: sums + workers*repeated,
		Run: func(mem []kernels.Mem, w *Workers) {
			sums, scratch := split(w.Scratch(), sums)
			w.Run(d.slices, func(worker, slice int) {
				own := sums[slice*d.Weights() : (slice+1)*d.Weights()]
				clear(own)
				d.addRows(own, mem[0].F32, mem[1].F32, rows*slice/d.slices, rows*(slice+1)/d.slices, scratch[worker*repeated:(worker+1)*repeated])
			})
			dw := mem[2].F32
			w.Range(len(dw), func(lo, hi int) {
				for slice := range d.slices {
					accumulate(dw[lo:hi], sums[slice*len(dw)+lo:])
				}
			})
		},
	}
}

// addRows adds what rows first to last of all images' outputs contribute.
func (d *depthwiseWgrad) addRows(sums, x, dy []float32, first, last int, scratch []float32) {
	in, out := d.H*d.Window.W*d.C, d.P*d.Q*d.K
	for first < last {
		n, lo := first/d.P, first%d.P
		end := min(d.P, lo+last-first)
		image := d.repeated(x[n*in:(n+1)*in], scratch)
		for p := lo; p < end; p += d.atOnce {
			for c := 0; c < d.K; c += depthwiseChannels {
				d.addTaps(sums, image, dy[n*out:(n+1)*out], p, min(p+d.atOnce, end), c, min(c+depthwiseChannels, d.K))
			}
		}
		first += end - lo
	}
}

// addTaps adds what rows lo to hi of an image's outputs contribute to channels from to to.
func (d *depthwiseWgrad) addTaps(sums, x, dy []float32, lo, hi, from, to int) {
	t := depthwiseTaps{
		channels: to - from, xRow: d.StrideH * d.Window.W * d.K, xStep: d.StrideW * d.K, dyRow: d.Q * d.K, dyStep: d.K,
		xColumn: d.DilationW * d.K, sumsColumn: d.K,
	}
	// add adds the part of windows qLo to qHi.
	add := func(r, s, taps, qLo, qHi int) {
		pLo, pHi := inside(r*d.DilationH-d.PadTop, d.P, d.StrideH, d.H)
		pLo, pHi = max(pLo, lo), min(pHi, hi)
		if pLo >= pHi || qLo >= qHi {
			return
		}
		h, w := pLo*d.StrideH+r*d.DilationH-d.PadTop, qLo*d.StrideW+s*d.DilationW-d.PadLeft
		t.sums, t.x, t.dy = sums[(r*d.S+s)*d.K+from:], x[(h*d.Window.W+w)*d.K+from:], dy[(pLo*d.Q+qLo)*d.K+from:]
		t.taps, t.rows, t.windows = taps, pHi-pLo, qHi-qLo
		t.run()
	}
	windows := func(s int) (lo, hi int) { return inside(s*d.DilationW-d.PadLeft, d.Q, d.StrideW, d.Window.W) }
	for r := range d.R {
		for s := 0; s < d.S; s += depthwiseTapsAtOnce {
			taps := min(depthwiseTapsAtOnce, d.S-s)
			// The windows that meet all of these taps, and those that meet some, at the border.
			first, last := 0, d.Q
			for i := range taps {
				lo, hi := windows(s + i)
				first, last = max(first, lo), min(last, hi)
			}
			last = max(first, last)
			add(r, s, taps, first, last)
			for i := range taps {
				lo, hi := windows(s + i)
				add(r, s+i, 1, lo, min(hi, first))
				add(r, s+i, 1, max(lo, last), hi)
			}
		}
	}
}
