package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

// places are the rows of X [N·P C] of a batch normalisation, one for each place.
type places struct {
	kernels.BatchNorm
	classes int
	labels  []int32 // nil if all images are examples
}

func (g places) isExample(n int) bool { return g.labels == nil || isLabel(g.labels[n], g.classes) }

// count is the number of places of examples, as a divisor.
func (g places) count() float32 {
	examples := 0
	for n := range g.N {
		if g.isExample(n) {
			examples++
		}
	}
	return float32(max(examples*g.P, 1))
}

// Rows are summed in parts of a fixed size and the sums of the parts in order, so that the bits do not depend on the workers. A task has some
// of the channels of a part.
const taskChannels = 256

func (g places) parts() int { return kernels.CeilDiv(g.N*g.P, biasRows) }

// sum computes some sums of each channel over the places of examples, and leaves them in scratch one behind the other; it needs that many values
// for each part. Add adds what the channels lo to hi of a row contribute.
func (g places) sum(sums int, w *Workers, add func(sums []float32, row, lo, hi int)) []float32 {
	size, blocks := sums*g.C, kernels.CeilDiv(g.C, taskChannels)
	all := w.Scratch()[:g.parts()*size]
	w.Run(g.parts()*blocks, func(_, task int) {
		part, lo := task/blocks, task%blocks*taskChannels
		hi := min(lo+taskChannels, g.C)
		own := all[part*size:][:size]
		for i := range sums {
			clear(own[i*g.C+lo : i*g.C+hi])
		}
		g.eachExample(part*biasRows, min((part+1)*biasRows, g.N*g.P), func(row int) { add(own, row, lo, hi) })
	})
	for at := size; at < len(all); at += size {
		accumulate(all[:size], all[at:at+size])
	}
	return all[:size]
}

// eachExample visits the rows from first to last that belong to examples.
func (g places) eachExample(first, last int, visit func(row int)) {
	for row := first; row < last; {
		n := row / g.P
		end := min((n+1)*g.P, last)
		if g.isExample(n) {
			for ; row < end; row++ {
				visit(row)
			}
		}
		row = end
	}
}

// batchNormScales computes gamma/√(variance + epsilon), of which gamma may be absent.
func batchNormScales(scales, variance, gamma []float32, epsilon float64) {
	for c, v := range variance {
		scales[c] = 1 / float32(math.Sqrt(float64(v+float32(epsilon))))
		if gamma != nil {
			scales[c] *= gamma[c]
		}
	}
}
