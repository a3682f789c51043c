package cpu

import "cnn-gpu/kernels"

// pooledProduct is the inner kernel of a convolution with a maximum or minimum pool of pooledPlaces places behind it; the sums never
// leave the registers. For each window w and each j < tileColumns,
//
//	y[w·step + j] = max or min over i of max(floor, start[j] + Σ_d x[windows[w] + places[i] + terms[d]] · panel[d·tileColumns + j])
//
// and index, which may be nil, has that i at the same place: the first one if several are equal, the first NaN if there is one. The
// assembly reads the fields by their offsets.
type pooledProduct struct {
	x, panel, start []float32
	terms           []int32
	windows         []int
	y               []float32
	index           []int32
	places          [pooledPlaces]int // the first is 0
	step, panelStep int
	floor           float32
}

const pooledPlaces = 4

// run computes at least one window, and so many columns, whole panels: those of a panel follow each other in start, y and index, and its filters lie
// panelStep values behind those of the one before.
func (p pooledProduct) run(kind kernels.PoolKind, columns int) {
	for columns > 0 {
		n := tileColumns
		switch isMax := kind == kernels.MaxPool; {
		case variant == portable:
			p.portable(isMax)
		case variant == avx512 && columns >= pairColumns:
			n = pairColumns
			if isMax {
				pooledMaxAVX512(&p)
			} else {
				pooledMinAVX512(&p)
			}
		case isMax:
			pooledMaxAVX2(&p)
		default:
			pooledMinAVX2(&p)
		}
		if columns -= n; columns == 0 {
			return
		}
		p.panel, p.start, p.y = p.panel[n/tileColumns*p.panelStep:], p.start[n:], p.y[n:]
		if p.index != nil {
			p.index = p.index[n:]
		}
	}
}

// portable is the kernel in Go: one column of all places at a time, so that the sums stay in registers.
func (p *pooledProduct) portable(isMax bool) {
	for w, corner := range p.windows {
		x0, x1, x2, x3 := p.x[corner:], p.x[corner+p.places[1]:], p.x[corner+p.places[2]:], p.x[corner+p.places[3]:]
		for j, start := range p.start[:tileColumns] {
			s0, s1, s2, s3 := start, start, start, start
			b := p.panel[j:]
			for d, at := range p.terms {
				v := b[d*tileColumns]
				s0 += x0[at] * v
				s1 += x1[at] * v
				s2 += x2[at] * v
				s3 += x3[at] * v
			}
			best, where := max(s0, p.floor), 0
			for i, s := range [...]float32{s1, s2, s3} {
				v := max(s, p.floor)
				if isMax && v > best || !isMax && v < best || v != v && best == best {
					best, where = v, i+1
				}
			}
			p.y[w*p.step+j] = best
			if p.index != nil {
				p.index[w*p.step+j] = int32(where)
			}
		}
	}
}
