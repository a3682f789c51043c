package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

// lambCode keeps the directions in scratch memory. It sums the squares of blocks, and then the blocks' sums in order.
type lambCode struct{ kernels.Lamb }

const lambBlock = 4096

func (op lambCode) prepare(int) Routine {
	n := op.W.Elements()
	blocks := kernels.CeilDiv(n, lambBlock)
	weights, directions := make([]float64, blocks), make([]float64, blocks)
	return Routine{Scratch: n, Run: func(mem []kernels.Mem, w *Workers) {
		if mem[6].I32[0] != 0 {
			return
		}
		t := float64(mem[5].I32[0])
		d := lambDirection{
			new1: float32(1 - op.Beta1), new2: float32(1 - op.Beta2), epsilon: float32(op.Epsilon),
			scale1: float32(1 / (1 - math.Pow(op.Beta1, t))), scale2: float32(1 / (1 - math.Pow(op.Beta2, t))),
		}
		r := w.Scratch()
		w.Run(blocks, func(_, block int) {
			lo, hi := block*lambBlock, min((block+1)*lambBlock, n)
			d.step(r[lo:hi], mem[1].F32[lo:hi], mem[2].F32[lo:hi], mem[3].F32[lo:hi])
			weights[block], directions[block] = squares(mem[0].F32[lo:hi]), squares(r[lo:hi])
		})
		var w2, r2 float64
		for block := range blocks {
			w2, r2 = w2+weights[block], r2+directions[block]
		}
		rate := mem[4].F32[0]
		if w2 > 0 && r2 > 0 {
			rate *= float32(math.Sqrt(w2) / math.Sqrt(r2))
		}
		w.Range(n, func(lo, hi int) { addScaled(mem[0].F32[lo:hi], -rate, r[lo:hi]) })
	}}
}

// lambDirection computes directions, with factors that make up for moments that begin as zeros.
type lambDirection struct{ new1, new2, scale1, scale2, epsilon float32 }

func (d lambDirection) step(r, m, v, g []float32) {
	if variant != portable {
		lambDirectionAVX2(r, m, v, g, d.new1, d.new2, d.scale1, d.scale2, d.epsilon)
		return
	}
	for i, g := range g {
		m[i] += d.new1 * (g - m[i])
		v[i] += d.new2 * (g*g - v[i])
		r[i] = m[i] * d.scale1 / (float32(math.Sqrt(float64(v[i]*d.scale2))) + d.epsilon)
	}
}
