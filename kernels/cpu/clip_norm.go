package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

// clipNormCode sums the squares of blocks, and then the blocks' sums in order.
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
		w.Range(len(x), func(lo, hi int) { scale(x[lo:hi], float32(op.Norm/norm)) })
	}}
}
