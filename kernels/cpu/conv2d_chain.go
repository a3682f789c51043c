package cpu

import (
	"slices"

	"cnn-gpu/kernels"
)

// conv2DChain computes a convolution and what follows it while its output is in the cache or still in registers: a sum with another value, an
// activation, a pool, in this order. Positions that the pool drops are not computed; there is none behind a sum.
type conv2DChain struct {
	Conv conv2DFprop
	ending
	Pool *kernels.Pool2DFprop // of the values so far; may be nil
}

// Name implements [kernels.Op].
func (op conv2DChain) Name() string {
	name := op.Conv.Name() + op.suffix()
	if op.Pool != nil {
		name += "_pool"
	}
	return name
}

// Operands implements [kernels.Op].
func (op conv2DChain) Operands() []kernels.Operand {
	list := op.Conv.Conv2DFprop.Operands()
	if op.Pool != nil {
		list = append(list[:3], op.Pool.Operands()[1:]...)
	} else {
		list[3] = op.output(list[3])
	}
	return slices.Concat(list, op.more(op.Conv.Y), op.Conv.folded())
}

// members are the ops that it stands for.
func (op conv2DChain) members() []kernels.Op {
	list := append([]kernels.Op{op.Conv.Conv2DFprop}, op.ops()...)
	if op.Pool != nil {
		list = append(list, *op.Pool)
	}
	return list
}

// Cost implements [kernels.Op].
func (op conv2DChain) Cost() kernels.Cost { return costOf(op, op.members()) }

func (op conv2DChain) prepare(workers int) Routine {
	return op.Conv.folding(op.unfolded(workers), op.Operands())
}

// unfolded is the code that takes the weights as they are.
func (op conv2DChain) unfolded(workers int) Routine {
	end := op.withFloor()
	if op.Pool == nil {
		return op.Conv.prepareWith(workers, end)
	}
	g, pool := op.Conv.geometry(), pool2D{op.Pool.Pool2D}
	if op.poolsSums() {
		return newPooledFprop(g, pool, end.floor).routine(op.chunking(), workers)
	}
	g.P, g.Q = op.outputs()
	pool.H, pool.Window.W = g.P, g.Q
	f := newFprop(g, op.Conv.Winograd, end)
	own, group, size := f.scratch(), f.images(), g.outputsPerImage()
	poolImage := func(maps []float32, mem []kernels.Mem, n int) {
		values := pool.P * pool.Q * pool.C
		var index []int32
		if mem[4].I32 != nil {
			index = mem[4].I32[n*values : (n+1)*values]
		}
		pool.pool(maps[:size], mem[3].F32[n*values:(n+1)*values], index, 0, pool.P)
	}
	chunk := &chunkCode{
		chunking: op.chunking(), Batched: []int{0, 3, 4}, Scratch: group*size + own,
		Run: func(_ int, mem []kernels.Mem, images int, scratch, _ []float32) {
			maps, scratch := split(scratch, group*size)
			for lo := 0; lo < images; lo += group {
				hi := min(lo+group, images)
				f.compute(mem[0].F32, outputs{y: maps}, lo, hi, scratch, 0, 1)
				for n := lo; n < hi; n++ {
					poolImage(maps[(n-lo)*size:], mem, n)
				}
			}
		},
	}
	r := Routine{Chunk: chunk}
	if f.parts(workers) == 1 {
		r = chunk.routine(op, workers)
	} else {
		// Too few images: the workers share the outputs of each, and pool when all are there.
		r.Scratch = g.N*size + workers*own
		r.Run = func(mem []kernels.Mem, w *Workers) {
			maps, scratch := split(w.Scratch(), g.N*size)
			computeAll(f, g.N, size, mem[0].F32, outputs{y: maps}, scratch, w)
			w.Run(g.N, func(_, n int) { poolImage(maps[n*size:], mem, n) })
		}
	}
	r.Derived, r.keep = f.derived(), f.keep
	r.Weights, r.Derive = []int{1, 2}, func(mem []kernels.Mem, w *Workers) { f.derive(mem[1].F32, mem[2].F32, w) }
	return r
}

// poolsSums says whether the pool takes the convolution's sums from the registers.
func (op conv2DChain) poolsSums() bool {
	return op.Pool != nil && op.withFloor().isDone() && op.Conv.Winograd == 0 && canPoolSums(op.Conv.geometry(), pool2D{op.Pool.Pool2D})
}

func (op conv2DChain) chunking() chunking { return op.Conv.chunking() }

// outputs is how many rows and columns of the convolution's output are computed.
func (op conv2DChain) outputs() (rows, columns int) {
	if op.Pool == nil {
		return op.Conv.P, op.Conv.Q
	}
	return pool2D{op.Pool.Pool2D}.reach()
}

// reach is how many rows and columns of its input a pool looks at.
func (g pool2D) reach() (rows, columns int) {
	rows = (g.P-1)*g.StrideH - g.PadTop + (g.R-1)*g.DilationH + 1
	columns = (g.Q-1)*g.StrideW - g.PadLeft + (g.S-1)*g.DilationW + 1
	return min(rows, g.H), min(columns, g.W)
}
