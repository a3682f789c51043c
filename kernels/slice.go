package kernels

// Slicer is an op that can run on a few images of its batch at a time.
type Slicer interface {
	Op
	Slicing() Slicing
}

// Slicing says how an op runs on a few images at a time.
type Slicing struct {
	Batch   int // all images; 0 if the op cannot
	Images  int // the least that are worth computing together
	Weights int // values beside the images' own that are read, or added to, each time
}

// Slice is the code of an op for a few images.
type Slice struct {
	Slicing
	// Batched are the numbers of the operands that hold something for each image.
	Batched []int
	// Scratch is the number of float32 values that Run works with, and Sums the number of those that it adds to.
	Scratch, Sums int
	// Run runs the op on some images. Of the batched operands, mem holds what belongs to these.
	Run func(worker int, mem []Mem, images int, scratch, sums []float32)
	// Add adds the sums of all parts of the batch, one after the other, to what the op accumulates.
	Add func(mem []Mem, sums []float32, w *Workers)
}

// routine is the code for the whole batch.
func (s *Slice) routine(op Op, workers int) Routine {
	d := newDepthFirst(s.Batch, workers)
	places := make([]int, len(op.Operands()))
	for i := range places {
		places[i] = i
	}
	d.add(op, s, places, nil)
	return Routine{Scratch: d.scratch(), Run: func(mem []Mem, w *Workers) { d.run(mem, w, nil) }, Slice: s}
}

// slicingOf is the slicing of an op that reads and writes nothing but what belongs to the rows of b.
func slicingOf(b *Buffer) Slicing {
	if len(b.Shape) == 0 {
		return Slicing{}
	}
	return Slicing{Batch: b.Shape[0], Images: 1}
}

// elementwise is the code of an op that works on its operands, three at most, element by element.
func elementwise(s Slicing, operands []int, run func(mem [3][]float32)) Routine {
	part := func(mem []Mem, lo, hi int) {
		var parts [3][]float32
		for i, m := range mem {
			parts[i] = m.F32[lo:hi]
		}
		run(parts)
	}
	return Routine{
		Run: func(mem []Mem, w *Workers) {
			w.Range(len(mem[0].F32), func(lo, hi int) { part(mem, lo, hi) })
		},
		Slice: &Slice{
			Slicing: s, Batched: operands,
			Run: func(_ int, mem []Mem, _ int, _, _ []float32) { part(mem, 0, len(mem[0].F32)) },
		},
	}
}
