package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

// lambCode sums the squares of blocks, each in order, and then the blocks' sums in order.
type lambCode struct{ kernels.Lamb }

const lambBlock = 4096

func (op lambCode) prepare(int) Routine {
	blocks := kernels.CeilDiv(op.W.Elements(), lambBlock)
	weights, directions := make([]float64, blocks), make([]float64, blocks)
	new1, new2, epsilon := float32(1-op.Beta1), float32(1-op.Beta2), float32(op.Epsilon)
	return Routine{Run: func(mem []kernels.Mem, w *Workers) {
		if mem[6].I32[0] != 0 {
			return
		}
		t := float64(mem[5].I32[0])
		scale1, scale2 := float32(1/(1-math.Pow(op.Beta1, t))), float32(1/(1-math.Pow(op.Beta2, t)))
		direction := func(m, v float32) float32 { return m * scale1 / (float32(math.Sqrt(float64(v*scale2))) + epsilon) }
		part := func(block int) (w, m, v, g []float32) {
			lo, hi := block*lambBlock, min((block+1)*lambBlock, len(mem[0].F32))
			return mem[0].F32[lo:hi], mem[1].F32[lo:hi], mem[2].F32[lo:hi], mem[3].F32[lo:hi]
		}
		w.Run(blocks, func(_, block int) {
			w, m, v, g := part(block)
			sum := 0.0
			for i, g := range g {
				m[i] += new1 * (g - m[i])
				v[i] += new2 * (g*g - v[i])
				r := float64(direction(m[i], v[i]))
				sum += r * r
			}
			weights[block], directions[block] = squares(w), sum
		})
		var w2, r2 float64
		for block := range blocks {
			w2, r2 = w2+weights[block], r2+directions[block]
		}
		rate := mem[4].F32[0]
		if w2 > 0 && r2 > 0 {
			rate *= float32(math.Sqrt(w2) / math.Sqrt(r2))
		}
		w.Run(blocks, func(_, block int) {
			w, m, v, _ := part(block)
			for i := range w {
				w[i] -= rate * direction(m[i], v[i])
			}
		})
	}}
}
