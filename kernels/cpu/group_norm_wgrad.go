package cpu

import "cnn-gpu/kernels"

// The sums are those of a batch normalisation's gradients, but that each example has means and variances of its own.
type groupNormWgradCode struct{ kernels.GroupNormWgrad }

func (op groupNormWgradCode) prepare(int) Routine {
	groups, g := groupNorm{op.GroupNorm}, places{BatchNorm: kernels.BatchNorm{N: op.N, P: op.P, C: op.C}}
	return Routine{
		Scratch: g.parts() * op.C,
		Run: func(mem []kernels.Mem, w *Workers) {
			x, means, variances, dy := mem[0].F32, mem[1].F32, mem[2].F32, mem[3].F32
			accumulate(mem[4].F32, g.sum(1, w, func(sums []float32, first, rows, lo, hi int) {
				var center, products [taskChannels]float32
				groups.eachGroup(first/op.P, lo, hi, func(at, from, to int) { repeat(center[from-lo:to-lo], means[at]) })
				addProducts(products[:hi-lo], dy[first*op.C+lo:], x[first*op.C+lo:], center[:hi-lo], rows, op.C)
				groups.eachGroup(first/op.P, lo, hi, func(at, from, to int) {
					root := spread(variances[at], op.Epsilon)
					for c := from; c < to; c++ {
						sums[c] += products[c-lo] / root
					}
				})
			}))
		},
	}
}
