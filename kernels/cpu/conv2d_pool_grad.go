package cpu

import "cnn-gpu/kernels"

// conv2DPoolGrad computes the gradients of a convolution whose output goes through a maximum or minimum pool. The pool hands each
// of its gradients to one place, so the gradient by the convolution's output is mostly zero, and only what is not zero is multiplied.
type conv2DPoolGrad struct {
	ReLU  *kernels.ActivationDgrad // makes Pool.DY; may be nil
	Bias  *kernels.BiasWgrad       // of Pool.DY, which has the sums of Pool.DX; may be nil
	Pool  kernels.Pool2DDgrad      // makes Wgrad.DY
	Wgrad kernels.Conv2DWgrad      // of Pool.DX
	Dgrad *kernels.Conv2DDgrad     // of Pool.DX; nil where the gradient by the input is not needed
}

// Name implements [kernels.Op].
func (op conv2DPoolGrad) Name() string { return "conv2d_pool_grad" }

// Operands implements [kernels.Op].
func (op conv2DPoolGrad) Operands() []kernels.Operand {
	dy, y, db, w, dx := op.Pool.DY, (*kernels.Buffer)(nil), (*kernels.Buffer)(nil), (*kernels.Buffer)(nil), (*kernels.Buffer)(nil)
	if op.ReLU != nil {
		dy, y = op.ReLU.DY, op.ReLU.V
	}
	if op.Bias != nil {
		db = op.Bias.DB
	}
	if op.Dgrad != nil {
		w, dx = op.Dgrad.W, op.Dgrad.DX
	}
	g, pooled := op.Wgrad.Conv2D, op.Pool.N*op.Pool.P*op.Pool.Q*op.Pool.C
	return []kernels.Operand{
		kernels.Floats("dy", dy, kernels.Read, pooled), kernels.Ints("index", op.Pool.Index, kernels.Read, pooled),
		kernels.Floats("x", op.Wgrad.X, kernels.Read, g.Inputs()), kernels.Floats("dw", op.Wgrad.DW, kernels.Accumulate, g.Weights()),
		kernels.Floats("w", w, kernels.Read, g.Weights()).OptionalIf(true), kernels.Floats("dx", dx, kernels.Write, g.Inputs()).OptionalIf(true),
		kernels.Floats("y", y, kernels.Read, pooled).OptionalIf(true), kernels.Floats("db", db, kernels.Accumulate, g.K).OptionalIf(true),
	}
}

// Cost implements [kernels.Op]. It counts the products of the gradients that the pool hands on.
func (op conv2DPoolGrad) Cost() kernels.Cost {
	flops := 2 * op.Pool.DY.Elements() * op.geometry().depth()
	if op.Dgrad != nil {
		flops *= 2
	}
	return kernels.CostOf(op, flops)
}

func (op conv2DPoolGrad) geometry() conv2D { return conv2D{op.Wgrad.Conv2D} }

func (op conv2DPoolGrad) prepare(workers int) Routine {
	if op.picks() {
		g := newPickedGrad(op.geometry(), pool2D{op.Pool.Pool2D})
		return op.newChunk(g, g.scratch(), g.Weights()).routine(op, workers)
	}
	g := newSparseGrad(op.geometry(), pool2D{op.Pool.Pool2D}, op.Dgrad != nil, workers)
	r := op.newChunk(g, g.copiesSize(), g.filters()).routine(op, workers)
	r.Derived, r.keep = g.derived(), g.keep
	if op.Dgrad != nil {
		r.Weights = []int{4}
		r.Derive = func(mem []kernels.Mem, w *Workers) { g.derive(mem[4].F32, w) }
	}
	return r
}

// filterGradient is a way to compute the gradient by the filters.
type filterGradient interface {
	// addImage adds image n's part of the gradient to sums.
	addImage(worker int, mem []kernels.Mem, n int, dy, sums, scratch []float32)
	// addSums adds the sums over all images to the gradient.
	addSums(mem []kernels.Mem, sums []float32, w *Workers)
}

// newChunk returns the code for some images. The gradient needs scratch values to work with, and has a number of sums.
func (op conv2DPoolGrad) newChunk(gradient filterGradient, scratch, values int) *chunkCode {
	pooled := op.Pool.P * op.Pool.Q * op.Pool.C
	input := poolGradInput{pooled: pooled, filters: op.Pool.C, isReLU: op.ReLU != nil, hasBias: op.Bias != nil}
	return &chunkCode{
		chunking: op.chunking(), Batched: []int{0, 1, 2, 5, 6}, Scratch: input.scratch() + scratch, Sums: input.sums() + values,
		Run: func(worker int, mem []kernels.Mem, images int, scratch, sums []float32) {
			own, scratch := split(scratch, input.scratch())
			bias, sums := split(sums, input.sums())
			for n := range images {
				gradient.addImage(worker, mem, n, input.gradient(mem, n, bias, own), sums, scratch)
			}
		},
		Add: func(mem []kernels.Mem, sums []float32, w *Workers) {
			size := input.sums() + values
			parts := len(sums) / size
			w.Range(size, func(lo, hi int) {
				for part := 1; part < parts; part++ {
					accumulate(sums[lo:hi], sums[part*size+lo:part*size+hi])
				}
			})
			bias, sums := split(sums[:size], input.sums())
			if input.hasBias {
				accumulate(mem[7].F32, bias)
			}
			gradient.addSums(mem, sums, w)
		},
	}
}

// poolGradInput makes the gradient that the pool hands on, and sums it.
type poolGradInput struct {
	pooled, filters int
	isReLU, hasBias bool
}

// sums is the number of sums for the bias.
func (p poolGradInput) sums() int {
	if p.hasBias {
		return p.filters
	}
	return 0
}

// scratch is the number of values that gradient works with.
func (p poolGradInput) scratch() int {
	n := 0
	if p.isReLU {
		n += p.pooled
	}
	return n + p.sums()
}

// gradient is the gradient of image n, which is added to the bias's sums.
func (p poolGradInput) gradient(mem []kernels.Mem, n int, bias, scratch []float32) []float32 {
	lo, hi := n*p.pooled, (n+1)*p.pooled
	dy := mem[0].F32[lo:hi]
	fresh, masked := split(scratch, p.sums())
	if p.isReLU {
		reluGradient(masked[:p.pooled], mem[6].F32[lo:hi], dy)
		dy = masked[:p.pooled]
	}
	if p.hasBias {
		sumRows(fresh, dy)
		accumulate(bias, fresh)
	}
	return dy
}

// picks says whether the gradient is computed without lists.
func (op conv2DPoolGrad) picks() bool {
	return op.Dgrad == nil && canPick(op.geometry(), pool2D{op.Pool.Pool2D})
}

func (op conv2DPoolGrad) chunking() chunking {
	g := op.Wgrad.Conv2D
	s := chunking{Batch: g.N, Images: 1, Weights: g.Weights()}
	if op.Dgrad != nil {
		s.Weights *= 2
	}
	return s
}

// sparseGrad is the code of conv2DPoolGrad. A row is what a row of the filter covers: its S·C values lie together in X, in DX and, padded
// to whole vectors, in the filters and their gradient, which are kept as [K][R][pitch].
type sparseGrad struct {
	conv2D
	pool   pool2D
	in     image // X and DX as the filters see them
	copies bool  // X and DX do not lie so in memory
	pitch  int
	hasDX  bool

	transposed []float32 // the gradient in the layout of the filters
	byFilter   []float32 // the filters as [K][R][pitch], where DX is needed
	places     []int32   // in X, of each place of each window
	windows    int       // that are listed together
	lists      []sparseLists
}

func newSparseGrad(g conv2D, pool pool2D, hasDX bool, workers int) *sparseGrad {
	s := &sparseGrad{conv2D: g, pool: pool, in: g.input(), hasDX: hasDX}
	s.pitch = kernels.CeilDiv(g.S*g.C, gatherVector) * gatherVector
	s.copies = s.in.isPadded() || s.pitch > g.S*g.C
	area := pool.R * pool.S
	for p := range pool.P {
		for q := range pool.Q {
			for r := range pool.R {
				for c := range pool.S {
					row, column := p*pool.StrideH-pool.PadTop+r*pool.DilationH, q*pool.StrideW-pool.PadLeft+c*pool.DilationW
					s.places = append(s.places, int32(g.corner(row, column)))
				}
			}
		}
	}
	s.places = append(s.places, make([]int32, listerVector)...)
	s.windows = min(pool.P*pool.Q, max(16, 8192/(area*g.K)))
	for range workers {
		l := sparseLists{filters: newSparseList(g.K, s.windows+listerVector)}
		for k := range l.filters.spans {
			l.filters.spans[k].sums = k * g.R * s.pitch
		}
		if hasDX {
			l.places = newSparseList(s.windows*area, g.K+listerVector)
		}
		s.lists = append(s.lists, l)
	}
	return s
}

// filters is the number of values of the filters or their gradient.
func (s *sparseGrad) filters() int { return s.K * s.R * s.pitch }

// padded is the number of values of an image that is copied: the last row is read in whole vectors.
func (s *sparseGrad) padded() int { return s.in.size() + gatherVector }

// copiesSize is the number of values that a worker needs for copies.
func (s *sparseGrad) copiesSize() int {
	if s.copies {
		return 2 * s.padded()
	}
	return 0
}

// derived is the number of values of the gradient in the layout of the filters, and of the filters in that of the sums.
func (s *sparseGrad) derived() int {
	if s.hasDX {
		return s.Weights() + s.filters()
	}
	return s.Weights()
}

func (s *sparseGrad) keep(derived []float32) { s.transposed, s.byFilter = split(derived, s.Weights()) }

// derive transposes the filters.
func (s *sparseGrad) derive(weights []float32, w *Workers) {
	row := s.S * s.C
	w.Run(s.R, func(_, r int) {
		transpose(s.byFilter[r*s.pitch:], weights[r*row*s.K:], s.R*s.pitch, s.K, row, s.K)
	})
}

// addSums adds sums to the gradient by the filters.
func (s *sparseGrad) addSums(mem []kernels.Mem, sums []float32, w *Workers) {
	row := s.S * s.C
	w.Run(s.R, func(_, r int) {
		transposed, dw := s.transposed[r*row*s.K:(r+1)*row*s.K], mem[3].F32[r*row*s.K:(r+1)*row*s.K]
		transpose(transposed, sums[r*s.pitch:], s.K, s.R*s.pitch, s.K, row)
		accumulate(dw, transposed)
	})
}

// addImage adds image n's part of the filters' gradient to dw, and computes its gradient.
func (s *sparseGrad) addImage(worker int, mem []kernels.Mem, n int, dy, dw, copies []float32) {
	lists := &s.lists[worker]
	size := s.H * s.Window.W * s.C
	x := mem[2].F32[n*size : (n+1)*size]
	var dx []float32
	if s.hasDX {
		dx = mem[5].F32[n*size : (n+1)*size]
	}
	image, gradient := x, dx
	if s.copies {
		image, gradient = split(copies, s.padded())
		s.in.fill(image, x, 0, s.in.height)
	}
	if dx != nil {
		clear(gradient)
	}
	pooled := s.pool.P * s.pool.Q
	index := mem[1].I32[n*pooled*s.K : (n+1)*pooled*s.K]
	rowX := s.DilationH * s.in.width * s.C
	for first := 0; first < pooled; first += s.windows {
		s.listGradients(dy, index, first, min(first+s.windows, pooled), lists)
		gather{
			sums: dw, b: image, spans: lists.filters.spans, places: lists.filters.places, values: lists.filters.values,
			sumsRow: s.pitch, bRow: rowX, areApart: true,
		}.run(s.R, s.pitch)
		if dx != nil {
			gather{
				sums: gradient, b: s.byFilter, spans: lists.places.spans, places: lists.places.places, values: lists.places.values,
				sumsRow: rowX, bRow: s.pitch,
			}.run(s.R, s.pitch)
		}
	}
	if dx != nil && s.copies {
		s.in.crop(dx, gradient)
	}
}

// listGradients lists the gradients of windows first to last that are not zero.
func (s *sparseGrad) listGradients(dy []float32, index []int32, first, last int, l *sparseLists) {
	area := s.pool.R * s.pool.S
	l.filters.begin()
	l.places.begin()
	lister := lister{
		values: dy[first*s.K:], index: index[first*s.K:], places: s.places[first*area:],
		filterPlaces: l.filters.places, filterValues: l.filters.values, filterEnds: l.filters.ends,
		placeFilters: l.places.places, placeValues: l.places.values, placeEnds: l.places.ends,
		windows: last - first, area: area, filters: s.K, filterSize: s.R * s.pitch,
	}
	lister.run()
	l.filters.finish()
	l.places.finish()
	if l.places.spans == nil {
		return
	}
	for i, place := range s.places[first*area : last*area] {
		l.places.spans[i].sums = int(place)
	}
}

// crop copies the part of a padded image that is not padding.
func (m image) crop(dst, padded []float32) {
	row := m.inWidth * m.channels
	for h := range m.inHeight {
		at := ((m.top+h)*m.width + m.left) * m.channels
		copy(dst[h*row:(h+1)*row], padded[at:])
	}
}
