package cpu

import "cnn-gpu/kernels"

type groupNormDgradCode struct{ kernels.GroupNormDgrad }

func (op groupNormDgradCode) prepare(workers int) Routine {
	const values = 6
	g := groupNorm{op.GroupNorm}
	return Routine{
		Scratch: workers * values * op.C,
		Run: func(mem []kernels.Mem, w *Workers) {
			means, variances, gamma := mem[1].F32, mem[2].F32, mem[3].F32
			g.eachExample(w, values, func(n int, rows [][]float32) {
				sums, products, mean, shifts, slopes, scales := rows[0], rows[1], rows[2], rows[3], rows[4], rows[5]
				x, d, dx := g.example(mem[0].F32, n), g.example(mem[4].F32, n), g.example(mem[5].F32, n)
				if gamma != nil {
					// D lies where DX will.
					clear(shifts)
					normalize(dx, d, shifts, gamma, shifts, g.P, g.C)
					d = dx
				}
				g.eachGroup(n, 0, g.C, func(at, lo, hi int) { repeat(mean[lo:hi], means[at]) })
				clear(sums)
				clear(products)
				addRows(sums, d, g.P, g.C)
				addProducts(products, d, x, mean, g.P, g.C)
				g.eachGroup(n, 0, g.C, func(at, lo, hi int) {
					v := variances[at]
					root := spread(v, op.Epsilon)
					repeat(shifts[lo:hi], g.mean(sums[lo:hi]))
					repeat(slopes[lo:hi], g.mean(products[lo:hi])/root/root)
					repeat(scales[lo:hi], 1/root+(v-v))
				})
				normalizeGradient(dx, d, x, mean, shifts, slopes, scales, g.P, g.C)
			})
		},
	}
}
