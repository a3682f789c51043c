package cpu

import "cnn-gpu/kernels"

// epilogue is what becomes of each output of an op while it is in a register or in the cache: it is raised to the floor, then something may be
// added to it, and then it may go through a function.
type epilogue struct {
	floor float32
	adds  bool                                // what the operand behind Y holds
	value func(y, x []float32, alpha float32) // may be nil
	alpha float32
}

// outputs are those of some images, and what is added to them.
type outputs struct{ y, addend []float32 }

// outputs finds them among the operands, of which y is the output.
func (e epilogue) outputs(mem []kernels.Mem, y int) outputs {
	if e.adds {
		return outputs{mem[y].F32, mem[y+1].F32}
	}
	return outputs{y: mem[y].F32}
}

// batched are the operands that hold something for each image: X, Y and what is added.
func (e epilogue) batched(y int) []int {
	if e.adds {
		return []int{0, y, y + 1}
	}
	return []int{0, y}
}

// from is what begins with an output.
func (o outputs) from(at int) outputs {
	o.y = o.y[at:]
	if o.addend != nil {
		o.addend = o.addend[at:]
	}
	return o
}

// isDone says whether there is nothing to do but the floor.
func (e epilogue) isDone() bool { return !e.adds && e.value == nil }

// eachBlock calls f for so many rows of outputs at a time, at least a few, that they stay in the cache for [epilogue.finish].
func (e epilogue) eachBlock(first, last, least, columns int, f func(first, last int)) {
	const inCache = 1 << 15 // values
	blocks := 1
	if !e.isDone() {
		blocks = kernels.CeilDiv(last-first, max(least, inCache/columns))
	}
	for i := range blocks {
		f(first+(last-first)*i/blocks, first+(last-first)*(i+1)/blocks)
	}
}

// finish does what is left to do for some rows of outputs, which begin so many values apart.
func (e epilogue) finish(o outputs, rows, columns, step int) {
	if e.isDone() {
		return
	}
	if columns == step {
		rows, columns = 1, rows*columns
	}
	for row := range rows {
		y := o.y[row*step:][:columns]
		if e.adds {
			accumulate(y, o.addend[row*step:][:columns])
		}
		if e.value != nil {
			e.value(y, y, e.alpha)
		}
	}
}
