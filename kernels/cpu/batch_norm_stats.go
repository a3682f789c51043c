package cpu

import "cnn-gpu/kernels"

type batchNormStatsCode struct{ kernels.BatchNormStats }

func (op batchNormStatsCode) prepare(int) Routine {
	return Routine{
		Scratch: places{BatchNorm: op.BatchNorm}.parts() * op.C,
		Run: func(mem []kernels.Mem, w *Workers) {
			g := places{op.BatchNorm, op.Classes, mem[1].I32}
			x, mean, variance, count := mem[0].F32, mem[2].F32, mem[3].F32, g.count()
			for c, sum := range g.sum(1, w, func(sums []float32, first, rows, lo, hi int) {
				addRows(sums[lo:hi], x[first*op.C+lo:], rows, op.C)
			}) {
				mean[c] = sum / count
			}
			for c, sum := range g.sum(1, w, func(sums []float32, first, rows, lo, hi int) {
				addSquares(sums[lo:hi], x[first*op.C+lo:], mean[lo:hi], rows, op.C)
			}) {
				variance[c] = sum / count
			}
		},
	}
}
