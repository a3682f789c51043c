package cpu

import "cnn-gpu/kernels"

// The sums are those of a batch normalisation's gradients, but that each example has means and variances of its own.
type groupNormWgradCode struct{ kernels.GroupNormWgrad }

func (op groupNormWgradCode) prepare(int) Routine {
	g := places{BatchNorm: kernels.BatchNorm{N: op.N, P: op.P, C: op.C}}
	return Routine{
		Scratch: g.parts() * op.C,
		Run: func(mem []kernels.Mem, w *Workers) {
			x, means, variances, dy := mem[0].F32, mem[1].F32, mem[2].F32, mem[3].F32
			accumulate(mem[4].F32, g.sum(1, w, func(sums []float32, first, rows, lo, hi int) {
				var center, products [taskChannels]float32
				groups := first / op.P * op.G
				for c := lo; c < hi; c++ {
					center[c-lo] = means[groups+c/op.Channels()]
				}
				addProducts(products[:hi-lo], dy[first*op.C+lo:], x[first*op.C+lo:], center[:hi-lo], rows, op.C)
				for c := lo; c < hi; c++ {
					sums[c] += products[c-lo] / spread(variances[groups+c/op.Channels()], op.Epsilon)
				}
			}))
		},
	}
}
