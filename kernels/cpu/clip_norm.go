package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

// clipNormCode sums the squares of blocks, each in order, and then the blocks' sums in order.
type clipNormCode struct{ kernels.ClipNorm }

const clipNormBlock = 4096

func (op clipNormCode) prepare(int) Routine {
	sums := make([]float64, kernels.CeilDiv(op.X.Elements(), clipNormBlock))
	return Routine{Run: func(mem []kernels.Mem, w *Workers) {
		x := mem[0].F32
		w.Run(len(sums), func(_, block int) {
			sums[block] = squares(x[block*clipNormBlock : min((block+1)*clipNormBlock, len(x))])
		})
		total := 0.0
		for _, sum := range sums {
			total += sum
		}
		norm := math.Sqrt(total)
		if norm <= op.Norm {
			return
		}
		scale := float32(op.Norm / norm)
		w.Range(len(x), func(lo, hi int) {
			for i := lo; i < hi; i++ {
				x[i] *= scale
			}
		})
	}}
}

// squares sums every fourth square in order, and then the four sums, so that no addition waits for the one before.
func squares(x []float32) float64 {
	var sums [4]float64
	whole := len(x) &^ 3
	for i := 0; i < whole; i += 4 {
		for lane, v := range x[i : i+4] {
			sums[lane] += float64(v) * float64(v)
		}
	}
	for lane, v := range x[whole:] {
		sums[lane] += float64(v) * float64(v)
	}
	return (sums[0] + sums[1]) + (sums[2] + sums[3])
}
