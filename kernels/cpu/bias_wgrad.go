package cpu

import "cnn-gpu/kernels"

// Rows are summed in parts of a fixed size and the sums of the parts in order, so that the bits do not depend on the workers.
type biasWgradCode struct{ kernels.BiasWgrad }

const biasRows = 512

func (op biasWgradCode) prepare(int) Routine {
	parts := kernels.CeilDiv(op.M, biasRows)
	return Routine{
		Scratch: parts * op.K,
		Run: func(mem []kernels.Mem, w *Workers) {
			dy, sums := mem[0].F32, w.Scratch()
			w.Run(parts, func(_, part int) {
				first := part * biasRows
				sumRows(sums[part*op.K:(part+1)*op.K], dy[first*op.K:min(first+biasRows, op.M)*op.K])
			})
			op.addSums(mem[1].F32, sums[:parts*op.K])
		},
		Chunk: &chunkCode{
			chunking: op.chunking(), Batched: []int{0}, Scratch: op.K, Sums: op.K,
			Run: func(_ int, mem []kernels.Mem, _ int, scratch, sums []float32) {
				sumRows(scratch[:op.K], mem[0].F32)
				accumulate(sums, scratch)
			},
			Add: func(mem []kernels.Mem, sums []float32, _ *Workers) { op.addSums(mem[1].F32, sums) },
		},
	}
}

func (op biasWgradCode) chunking() chunking { return chunkingOf(op.DY) }

// addSums adds sums to db, one after the other.
func (op biasWgradCode) addSums(db, sums []float32) {
	for at := 0; at < len(sums); at += op.K {
		accumulate(db, sums[at:at+op.K])
	}
}

// sumRows computes the sum of some rows of x, each as long as sums. Several short rows are summed as a long one, of whole vectors where that can be,
// whose parts are then added up.
func sumRows(sums, x []float32) {
	const vectors = 32
	var long [1024]float32
	size, rows := len(sums), len(x)/len(sums)
	together := 1
	for size*together%vectors != 0 && 2*together <= rows && 2*together*size <= len(long) {
		together *= 2
	}
	clear(sums)
	whole := 0
	if together > 1 {
		whole = rows / together * together
		addRows(long[:together*size], x, rows/together, together*size)
		addRows(sums, long[:], together, size)
	}
	if whole < rows {
		addRows(sums, x[whole*size:], rows-whole, size)
	}
}
