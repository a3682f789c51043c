package cpu

import "cnn-gpu/kernels"

// pooledFprop is a convolution with a pool behind it whose windows have pooledPlaces places. What lies in no window is not computed.
type pooledFprop struct {
	conv2D
	pool          pool2D
	in            image
	panels, start []float32 // the filters and the bias, packed
	terms         []int32   // where a filter's values meet the image
	places        [pooledPlaces]int
	windows       []int // of a group
	floor         float32
	group         int // images that are computed together
}

// canPoolSums says whether the pool can take the sums from the registers, none of which is for two windows. There must be few terms, too:
// of many, the blocks of product, with more rows, make better use.
func canPoolSums(g conv2D, pool pool2D) bool {
	const mostTerms = 32
	areDisjoint := func(windows, size, stride, dilation int) bool { return windows == 1 || stride > (size-1)*dilation }
	return g.GroupCount() == 1 && pool.Kind.Picks() && pool.R*pool.S == pooledPlaces && g.depth() <= mostTerms && g.K%tileColumns == 0 &&
		pool.isInside() && areDisjoint(pool.P, pool.R, pool.StrideH, pool.DilationH) && areDisjoint(pool.Q, pool.S, pool.StrideW, pool.DilationW)
}

func newPooledFprop(g conv2D, pool pool2D, floor float32) *pooledFprop {
	f := &pooledFprop{
		conv2D: g, pool: pool, in: g.input(), terms: g.terms(), floor: floor,
		start: make([]float32, g.K),
	}
	for i := range f.places {
		f.places[i] = g.corner(i/pool.S*pool.DilationH, i%pool.S*pool.DilationW)
	}
	const fewWindows = 16
	f.group = min(g.N, kernels.CeilDiv(fewWindows, pool.P*pool.Q))
	for n := range f.group {
		for p := range pool.P {
			for q := range pool.Q {
				f.windows = append(f.windows, n*f.in.size()+g.corner(p*pool.StrideH, q*pool.StrideW))
			}
		}
	}
	return f
}

// parts is the number of parts that the windows of each group are split into, so that there is work for every worker.
func (f *pooledFprop) parts(workers int) int {
	return partsOf(kernels.CeilDiv(f.N, f.group), workers, kernels.CeilDiv(len(f.windows), pooledPlaces))
}

// scratch is the number of values that a worker needs.
func (f *pooledFprop) scratch() int { return f.in.paddedSize(f.group) }

// derive makes of the weights what compute needs.
func (f *pooledFprop) derive(weights, bias []float32, w *Workers) {
	copy(f.start, bias)
	f.pack(f.panels, weights, w)
}

// compute writes a part of the outputs of images lo to hi of x to y and, unless that is nil, to index.
func (f *pooledFprop) compute(x, y []float32, index []int32, lo, hi int, padded []float32, part, parts int) {
	positions := f.pool.P * f.pool.Q
	windows := (hi - lo) * positions
	first, last := windows*part/parts, windows*(part+1)/parts
	if first == last {
		return
	}
	to := (lo*positions + first) * f.K
	p := pooledProduct{
		x: f.in.pad(x, lo, hi, padded), panel: f.panels, start: f.start, y: y[to:], terms: f.terms, places: f.places,
		windows: f.windows[first:last], step: f.K, panelStep: f.depth() * tileColumns, floor: f.floor,
	}
	if index != nil {
		p.index = index[to:]
	}
	p.run(f.pool.Kind, f.K)
}

// routine is the code of a [conv2DChain].
func (f *pooledFprop) routine(chunking chunking, workers int) Routine {
	own, parts := f.scratch(), f.parts(workers)
	return Routine{
		Scratch: workers * own,
		Derived: panelsSize(f.depth(), f.K),
		keep:    func(derived []float32) { f.panels = derived },
		Weights: []int{1, 2},
		Derive:  func(mem []kernels.Mem, w *Workers) { f.derive(mem[1].F32, mem[2].F32, w) },
		Run: func(mem []kernels.Mem, w *Workers) {
			w.Run(kernels.CeilDiv(f.N, f.group)*parts, func(worker, task int) {
				lo := task / parts * f.group
				padded := w.Scratch()[worker*own : (worker+1)*own]
				f.compute(mem[0].F32, mem[3].F32, mem[4].I32, lo, min(lo+f.group, f.N), padded, task%parts, parts)
			})
		},
		Chunk: &chunkCode{
			chunking: chunking, Batched: []int{0, 3, 4}, Scratch: own,
			Run: func(_ int, mem []kernels.Mem, images int, scratch, _ []float32) {
				for lo := 0; lo < images; lo += f.group {
					f.compute(mem[0].F32, mem[3].F32, mem[4].I32, lo, min(lo+f.group, images), scratch, 0, 1)
				}
			},
		},
	}
}
