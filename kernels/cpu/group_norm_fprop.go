package cpu

import "cnn-gpu/kernels"

type groupNormFpropCode struct{ kernels.GroupNormFprop }

func (op groupNormFpropCode) prepare(workers int) Routine {
	const values = 4
	g := groupNorm{op.GroupNorm}
	return Routine{
		Scratch: workers * values * op.C,
		Run: func(mem []kernels.Mem, w *Workers) {
			gamma, beta, means, variances := mem[1].F32, mem[2].F32, mem[3].F32, mem[4].F32
			g.eachExample(w, values, func(n int, rows [][]float32) {
				sums, mean, scales, shifts := rows[0], rows[1], rows[2], beta
				if shifts == nil {
					shifts = rows[3]
					clear(shifts)
				}
				x, y := g.example(mem[0].F32, n), g.example(mem[5].F32, n)
				clear(sums)
				addRows(sums, x, g.P, g.C)
				g.eachGroup(n, 0, g.C, func(at, lo, hi int) {
					m := g.mean(sums[lo:hi])
					repeat(mean[lo:hi], m)
					if means != nil {
						means[at] = m
					}
				})
				clear(sums)
				addSquares(sums, x, mean, g.P, g.C)
				g.eachGroup(n, 0, g.C, func(at, lo, hi int) {
					v := g.mean(sums[lo:hi])
					repeat(scales[lo:hi], 1/spread(v, op.Epsilon)+(v-v))
					if variances != nil {
						variances[at] = v
					}
				})
				for c, v := range gamma {
					scales[c] *= v
				}
				normalize(y, x, mean, scales, shifts, g.P, g.C)
			})
		},
	}
}
