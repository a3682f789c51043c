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
// for each part. Add adds what the channels lo to hi of some rows contribute.
func (g places) sum(sums int, w *Workers, add func(sums []float32, first, rows, lo, hi int)) []float32 {
	size, blocks := sums*g.C, kernels.CeilDiv(g.C, taskChannels)
	all := w.Scratch()[:g.parts()*size]
	w.Run(g.parts()*blocks, func(_, task int) {
		part, lo := task/blocks, task%blocks*taskChannels
		hi := min(lo+taskChannels, g.C)
		own := all[part*size:][:size]
		for i := range sums {
			clear(own[i*g.C+lo : i*g.C+hi])
		}
		g.eachImage(part*biasRows, min((part+1)*biasRows, g.N*g.P), func(first, rows int, isExample bool) {
			if isExample {
				add(own, first, rows, lo, hi)
			}
		})
	})
	for at := size; at < len(all); at += size {
		accumulate(all[:size], all[at:at+size])
	}
	return all[:size]
}

// eachImage visits the rows from first to last, those of an image in one go.
func (g places) eachImage(first, last int, visit func(first, rows int, isExample bool)) {
	for first < last {
		n := first / g.P
		end := min((n+1)*g.P, last)
		visit(first, end-first, g.isExample(n))
		first = end
	}
}

// batchNormScales computes gamma/√(variance + epsilon), of which gamma may be absent; no number for an infinite variance.
func batchNormScales(scales, variance, gamma []float32, epsilon float64) {
	for c, v := range variance {
		scales[c] = 1/float32(math.Sqrt(float64(v+float32(epsilon)))) + (v - v)
		if gamma != nil {
			scales[c] *= gamma[c]
		}
	}
}
