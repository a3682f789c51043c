package kernels

// Conv2DChain computes a convolution and what follows it while its output is in the cache or still in registers: a ReLU, a pool, or a
// ReLU and then a pool. Positions that the pool drops are not computed.
type Conv2DChain struct {
	Conv Conv2DFprop
	ReLU *ActivationFprop // of Conv.Y; may be nil
	Pool *Pool2DFprop     // of the values so far; may be nil
}

// Name implements [Op].
func (op Conv2DChain) Name() string {
	name := op.Conv.Name()
	if op.ReLU != nil {
		name += "_relu"
	}
	if op.Pool != nil {
		name += "_pool"
	}
	return name
}

// Operands implements [Op].
func (op Conv2DChain) Operands() []Operand {
	list := op.Conv.Operands()[:3]
	switch {
	case op.Pool != nil:
		return append(list, op.Pool.Operands()[1:]...)
	case op.ReLU != nil:
		return append(list, op.ReLU.Operands()[1])
	}
	return op.Conv.Operands()
}

// Parts implements [Fused].
func (op Conv2DChain) Parts() []Op {
	list := []Op{op.Conv}
	if op.ReLU != nil {
		list = append(list, *op.ReLU)
	}
	if op.Pool != nil {
		list = append(list, *op.Pool)
	}
	return list
}

// Cost implements [Op].
func (op Conv2DChain) Cost() Cost { return partsCost(op) }

// Launches implements [Op]: GPUs run the parts.
func (op Conv2DChain) Launches() []Launch { return nil }

// Host implements [Op].
func (op Conv2DChain) Host(mem []Mem, w *Workers) { prepareAndRun(op, mem, w) }

// Prepare implements [Preparer].
func (op Conv2DChain) Prepare(workers int) Routine {
	floor := noFloor
	if op.ReLU != nil {
		floor = 0
	}
	if op.Pool == nil {
		return op.Conv.prepare(workers, floor)
	}
	pool := op.Pool.Pool2D
	g := op.Conv.Conv2D
	if op.poolsSums() {
		return newPooledFprop(g, pool, floor).routine(op.Slicing(), workers)
	}
	g.P, g.Q = op.Outputs()
	pool.H, pool.Window.W = g.P, g.Q
	f := newFprop(g, op.Conv.Winograd, floor)
	own, group, size := f.scratch(), f.images(), g.maps()
	poolImage := func(maps []float32, mem []Mem, n int) {
		values := pool.P * pool.Q * pool.C
		var index []int32
		if mem[4].I32 != nil {
			index = mem[4].I32[n*values : (n+1)*values]
		}
		pool.pool(maps[:size], mem[3].F32[n*values:(n+1)*values], index, 0, pool.P)
	}
	slice := &Slice{
		Slicing: op.Slicing(), Batched: []int{0, 3, 4}, Scratch: group*size + own,
		Run: func(_ int, mem []Mem, images int, scratch, _ []float32) {
			maps, scratch := split(scratch, group*size)
			for lo := 0; lo < images; lo += group {
				hi := min(lo+group, images)
				f.compute(mem[0].F32, maps, lo, hi, scratch, 0, 1)
				for n := lo; n < hi; n++ {
					poolImage(maps[(n-lo)*size:], mem, n)
				}
			}
		},
	}
	r := Routine{Slice: slice}
	if f.parts(workers) == 1 {
		r = slice.routine(op, workers)
	} else {
		// Too few images: the workers share the outputs of each, and pool when all are there.
		r.Scratch = g.N*size + workers*own
		r.Run = func(mem []Mem, w *Workers) {
			maps, scratch := split(w.Scratch(), g.N*size)
			computeAll(f, g.N, size, mem[0].F32, maps, scratch, w)
			w.Run(g.N, func(_, n int) { poolImage(maps[n*size:], mem, n) })
		}
	}
	r.Weights, r.Derive = []int{1, 2}, func(mem []Mem, w *Workers) { f.derive(mem[1].F32, mem[2].F32, w) }
	return r
}

// poolsSums says whether the pool takes the convolution's sums from the registers.
func (op Conv2DChain) poolsSums() bool {
	return op.Pool != nil && op.Conv.Winograd == 0 && canPoolSums(op.Conv.Conv2D, op.Pool.Pool2D)
}

// Slicing implements [Slicer].
func (op Conv2DChain) Slicing() Slicing { return op.Conv.Slicing() }

// Outputs is how many rows and columns of the convolution's output are computed.
func (op Conv2DChain) Outputs() (rows, columns int) {
	if op.Pool == nil {
		return op.Conv.P, op.Conv.Q
	}
	return op.Pool.reach()
}

// reach is how many rows and columns of its input a pool looks at.
func (g Pool2D) reach() (rows, columns int) {
	rows = (g.P-1)*g.StrideH - g.PadTop + (g.R-1)*g.DilationH + 1
	columns = (g.Q-1)*g.StrideW - g.PadLeft + (g.S-1)*g.DilationW + 1
	return min(rows, g.H), min(columns, g.W)
}
