package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

// groupNorm is a normalisation within examples. The loops over rows of channels work with one value for each channel, so what a group has is
// spread over its channels. Sums: the places of a channel in order, then the channels of a group in order, those in float64.
type groupNorm struct{ kernels.GroupNorm }

// eachExample visits the examples, several in a task if they are small, with rows of the scratch memory to work with: so many values for each channel.
func (g groupNorm) eachExample(w *Workers, values int, visit func(n int, rows [][]float32)) {
	examples := max(1, grain/(g.P*g.C))
	w.Run(kernels.CeilDiv(g.N, examples), func(worker, task int) {
		own, rows := w.Scratch()[worker*values*g.C:], make([][]float32, values)
		for i := range rows {
			rows[i] = own[i*g.C : (i+1)*g.C]
		}
		for n := task * examples; n < min((task+1)*examples, g.N); n++ {
			visit(n, rows)
		}
	})
}

// eachGroup visits the groups of an example that have one of the channels first to last: at is a group's number among those of the batch, lo to hi
// are those of its channels.
func (g groupNorm) eachGroup(n, first, last int, visit func(at, lo, hi int)) {
	for lo := first; lo < last; {
		group := lo / g.Channels()
		hi := min((group+1)*g.Channels(), last)
		visit(n*g.G+group, lo, hi)
		lo = hi
	}
}

// example is the part of X [N P C] that belongs to an example.
func (g groupNorm) example(x []float32, n int) []float32 { return x[n*g.P*g.C : (n+1)*g.P*g.C] }

// mean is the mean over a group, of whose channels the sums are given.
func (g groupNorm) mean(sums []float32) float32 {
	total := 0.0
	for _, v := range sums {
		total += float64(v)
	}
	return float32(total / float64(g.P*g.Channels()))
}

// spread is √(variance + epsilon).
func spread(variance float32, epsilon float64) float32 {
	return float32(math.Sqrt(float64(variance + float32(epsilon))))
}

// repeat sets all of x to v.
func repeat(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}
