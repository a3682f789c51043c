package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

type batchNormSumsCode struct{ kernels.BatchNormSums }

func (op batchNormSumsCode) prepare(int) Routine {
	return Routine{
		Scratch: 2 * places{BatchNorm: op.BatchNorm}.parts() * op.C,
		Run: func(mem []kernels.Mem, w *Workers) {
			g := places{op.BatchNorm, op.Classes, mem[1].I32}
			x, mean, variance, dy, dySum, dyxSum := mem[0].F32, mem[2].F32, mem[3].F32, mem[4].F32, mem[5].F32, mem[6].F32
			sums := g.sum(2, w, func(sums []float32, first, rows, lo, hi int) {
				at := first*op.C + lo
				addRows(sums[lo:hi], dy[at:], rows, op.C)
				addProducts(sums[op.C+lo:op.C+hi], dy[at:], x[at:], mean[lo:hi], rows, op.C)
			})
			copy(dySum, sums)
			for c, sum := range sums[op.C:] {
				dyxSum[c] = sum / float32(math.Sqrt(float64(variance[c]+float32(op.Epsilon))))
			}
		},
	}
}
