package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

type batchNormDgradCode struct{ kernels.BatchNormDgrad }

func (op batchNormDgradCode) prepare(int) Routine {
	return Routine{
		Scratch: 3 * op.C,
		Run: func(mem []kernels.Mem, w *Workers) {
			g := places{op.BatchNorm, op.Classes, mem[1].I32}
			x, mean, variance, gamma, dy, dx := mem[0].F32, mem[2].F32, mem[3].F32, mem[4].F32, mem[5].F32, mem[8].F32
			count, scratch := g.count(), w.Scratch()
			scales, shifts, slopes := scratch[:op.C], scratch[op.C:2*op.C], scratch[2*op.C:3*op.C]
			batchNormScales(scales, variance, gamma, op.Epsilon)
			for c, v := range variance {
				shifts[c] = mem[6].F32[c] / count
				slopes[c] = mem[7].F32[c] / count / float32(math.Sqrt(float64(v+float32(op.Epsilon))))
			}
			task := max(1, grain/op.C)
			w.Run(kernels.CeilDiv(op.N*op.P, task), func(_, i int) {
				first, last := i*task, min((i+1)*task, op.N*op.P)
				g.eachImage(first, last, func(first, rows int, isExample bool) {
					at := first * op.C
					if !isExample {
						clear(dx[at : at+rows*op.C])
						return
					}
					normalizeGradient(dx[at:], dy[at:], x[at:], mean, shifts, slopes, scales, rows, op.C)
				})
			})
		},
	}
}
