package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

// runMaxNorm sums the squares of each column in the order of its rows; a task has some of the columns.
func runMaxNorm(op kernels.MaxNorm, mem []kernels.Mem, w *Workers) {
	if mem[1].I32[0] != 0 {
		return
	}
	const columns = 64
	weights := mem[0].F32
	w.Run(kernels.CeilDiv(op.K, columns), func(_, task int) {
		lo, hi := task*columns, min((task+1)*columns, op.K)
		var squares [columns]float64
		for d := range op.D {
			for i, v := range weights[d*op.K+lo : d*op.K+hi] {
				squares[i] += float64(v) * float64(v)
			}
		}
		var factors [columns]float32
		for i, sum := range squares {
			factors[i] = float32(op.Most / max(math.Sqrt(sum), op.Most))
		}
		for d := range op.D {
			row := weights[d*op.K+lo : d*op.K+hi]
			for i := range row {
				row[i] *= factors[i]
			}
		}
	})
}
