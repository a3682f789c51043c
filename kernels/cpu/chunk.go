package cpu

import "cnn-gpu/kernels"

// chunker is code that can run on a few images of its batch, a chunk, at a time.
type chunker interface {
	code
	chunking() chunking
}

// chunking says how an op runs on a few images at a time.
type chunking struct {
	Batch   int // all images; 0 if the op cannot
	Images  int // the least that are worth computing together
	Weights int // values beside the images' own that are read, or added to, each time
}

// chunkCode is the code of an op for a few images.
type chunkCode struct {
	chunking
	// Batched are the indices of the operands that hold something for each image.
	Batched []int
	// Scratch is the number of float32 values that Run works with, and Sums the number of those that it adds to.
	Scratch, Sums int
	// Run runs the op on some images. Of the batched operands, mem holds what belongs to these.
	Run func(worker int, mem []kernels.Mem, images int, scratch, sums []float32)
	// Add adds the sums of all parts of the batch, one after the other, to what the op accumulates.
	Add func(mem []kernels.Mem, sums []float32, w *Workers)
}

// routine is the code for the whole batch.
func (c *chunkCode) routine(op kernels.Op, workers int) Routine {
	d := newDepthFirstCode(c.Batch, workers)
	indices := make([]int, len(op.Operands()))
	for i := range indices {
		indices[i] = i
	}
	d.add(op, c, indices, nil)
	return Routine{Scratch: d.scratch(), Run: func(mem []kernels.Mem, w *Workers) { d.run(mem, w, nil) }, Chunk: c}
}

// chunkingOf is that of an op that reads and writes nothing but what belongs to the rows of b.
func chunkingOf(b *kernels.Buffer) chunking {
	if len(b.Shape) == 0 {
		return chunking{}
	}
	return chunking{Batch: b.Shape[0], Images: 1}
}

// elementwise is the code of an op that works on its operands, three at most, element by element.
func elementwise(c chunking, operands []int, run func(mem [3][]float32)) Routine {
	runRange := func(mem []kernels.Mem, lo, hi int) {
		var ranges [3][]float32
		for i, m := range mem {
			ranges[i] = m.F32[lo:hi]
		}
		run(ranges)
	}
	return Routine{
		Run: func(mem []kernels.Mem, w *Workers) {
			w.Range(len(mem[0].F32), func(lo, hi int) { runRange(mem, lo, hi) })
		},
		Chunk: &chunkCode{
			chunking: c, Batched: operands,
			Run: func(_ int, mem []kernels.Mem, _ int, _, _ []float32) { runRange(mem, 0, len(mem[0].F32)) },
		},
	}
}
