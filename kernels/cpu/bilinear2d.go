package cpu

import "cnn-gpu/kernels"

// lineTap is the two places between which a value lies, which are one at the border, and its share of each.
type lineTap struct {
	at    [2]int
	share [2]float32
}

// lineTapOf is that of place p of a line that was enlarged by a factor from some extent.
func lineTapOf(p, factor, extent int) lineTap {
	first, part := p/factor, 2*(p%factor)+1-factor // in halves of the factor, counted from the centre of the first
	if part < 0 {
		first, part = first-1, part+2*factor
	}
	whole := float32(2 * factor)
	return lineTap{
		at:    [2]int{max(first, 0), min(first+1, extent-1)},
		share: [2]float32{float32(2*factor-part) / whole, float32(part) / whole},
	}
}

// weight is the share of place i.
func (t lineTap) weight(i int) (w float32) {
	for k, at := range t.at {
		if at == i {
			w += t.share[k]
		}
	}
	return w
}

func runBilinear2DFprop(op kernels.Bilinear2DFprop, mem []kernels.Mem, w *Workers) {
	x, y, row := mem[0].F32, mem[1].F32, op.W*op.FactorW*op.C
	eachLine(op.N, op.H*op.FactorH, w, func(n, p int) {
		down := lineTapOf(p, op.FactorH, op.H)
		dst := y[(n*op.H*op.FactorH+p)*row:][:row]
		clear(dst)
		for q := range op.W * op.FactorW {
			across := lineTapOf(q, op.FactorW, op.W)
			for i, h := range down.at {
				for j, c := range across.at {
					addScaled(dst[q*op.C:(q+1)*op.C], down.share[i]*across.share[j], x[((n*op.H+h)*op.W+c)*op.C:])
				}
			}
		}
	})
}

func runBilinear2DDgrad(op kernels.Bilinear2DDgrad, mem []kernels.Mem, w *Workers) {
	dy, dx, row := mem[0].F32, mem[1].F32, op.W*op.C
	rows, columns := op.H*op.FactorH, op.W*op.FactorW
	eachLine(op.N, op.H, w, func(n, h int) {
		dst := dx[(n*op.H+h)*row:][:row]
		clear(dst)
		pLo, pHi := enlarged(h, op.FactorH, rows)
		for p := pLo; p < pHi; p++ {
			down := lineTapOf(p, op.FactorH, op.H).weight(h)
			for c := range op.W {
				qLo, qHi := enlarged(c, op.FactorW, columns)
				for q := qLo; q < qHi; q++ {
					across := lineTapOf(q, op.FactorW, op.W).weight(c)
					addScaled(dst[c*op.C:(c+1)*op.C], down*across, dy[((n*rows+p)*columns+q)*op.C:])
				}
			}
		}
	})
}

// enlarged is the range of places of the enlarged line of which place i has a share.
func enlarged(i, factor, extent int) (lo, hi int) {
	return max(i*factor-factor/2, 0), min((i+1)*factor+factor/2, extent)
}

// eachLine calls run for every line of every image.
func eachLine(images, lines int, w *Workers, run func(n, line int)) {
	parts := partsOf(images, w.Count(), lines)
	w.Run(images*parts, func(_, task int) {
		n, part := task/parts, task%parts
		for line := lines * part / parts; line < lines*(part+1)/parts; line++ {
			run(n, line)
		}
	})
}
