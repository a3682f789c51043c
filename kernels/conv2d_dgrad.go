package kernels

// Conv2DDgrad computes a convolution's gradient by its input,
//
//	DX[n,h,w,c] = Σ DY[n,p,q,k] · W[r,s,c,k]   over all p, q, r, s, k with h = p·StrideH + r·DilationH − PadTop, and w likewise.
type Conv2DDgrad struct {
	Conv2D
	DY, W, DX *Buffer
}

// Name implements [Op].
func (op Conv2DDgrad) Name() string { return "conv2d_dgrad" }

// Operands implements [Op].
func (op Conv2DDgrad) Operands() []Operand {
	return []Operand{
		floats("dy", op.DY, Read, op.outputs()),
		floats("w", op.W, Read, op.weights()),
		floats("dx", op.DX, Write, op.inputs()),
	}
}

// Cost implements [Op].
func (op Conv2DDgrad) Cost() Cost { return cost(op, op.flops()) }

// A stride splits the input positions into phases: those with the same (h + PadTop) mod StrideH meet the same rows r of the
// filter. Within a phase the gradient is a convolution of DY with stride 1, which reads DY at position − shift for each tap.
type phase struct {
	first, count int // positions first, first+1, ... of the phase; position j stands for h = j·stride + phase − pad
	taps         []tap
}

type tap struct{ index, shift int }

func phases(extent, size, stride, dilation, pad int) []phase {
	var all []phase
	for at := range stride {
		var ph phase
		ph.first = max(pad-at+stride-1, 0) / stride
		if last := extent - 1 + pad - at; last >= 0 {
			ph.count = last/stride - ph.first + 1
		}
		for r := range size {
			if reach := r * dilation; reach%stride == at {
				ph.taps = append(ph.taps, tap{index: r, shift: (reach - at) / stride})
			}
		}
		all = append(all, ph)
	}
	return all
}

// span is the range of positions of DY, beyond its borders too, that the phases read.
func span(phases []phase) (lo, hi int) {
	for _, ph := range phases {
		if ph.count < 1 {
			continue
		}
		for _, t := range ph.taps {
			lo = min(lo, ph.first-t.shift)
			hi = max(hi, ph.first+ph.count-t.shift)
		}
	}
	return lo, hi
}

// gradient is DY as the phases see it.
func (g Conv2D) gradient(rows, cols []phase) image {
	top, bottom := span(rows)
	left, right := span(cols)
	return newImage(g.P, g.Q, g.K, -top, -left, bottom, right)
}

// HostScratch implements [Scratcher].
func (op Conv2DDgrad) HostScratch(workers int) int {
	rows, cols := op.phases()
	return panelsSize(op.R*op.S*op.K, op.C) + columns(op.C) + workers*op.gradient(rows, cols).size()
}

func (g Conv2D) phases() (rows, cols []phase) {
	return phases(g.H, g.R, g.StrideH, g.DilationH, g.PadTop), phases(g.W, g.S, g.StrideW, g.DilationW, g.PadLeft)
}

// Host implements [Op].
func (op Conv2DDgrad) Host(mem []Mem, w *Workers) {
	dy, weights, dx := mem[0].F32, mem[1].F32, mem[2].F32
	rows, cols := op.phases()
	in := op.gradient(rows, cols)

	panels, scratch := split(w.Scratch(), panelsSize(op.R*op.S*op.K, op.C))
	start, scratch := split(scratch, columns(op.C))
	clear(start)

	// One sweep for each pair of phases, with the transposed filter taps that it meets packed one behind the other.
	var sweeps []sweep
	var counts []int
	for hPhase, row := range rows {
		for wPhase, col := range cols {
			positions := max(row.count, 0) * max(col.count, 0)
			if positions == 0 {
				continue
			}
			depth := len(row.taps) * len(col.taps) * op.K
			s := sweep{
				aRow: in.width * op.K, aColumn: op.K, aStart: ((row.first+in.top)*in.width + col.first + in.left) * op.K,
				start: start, steps: op.K, depth: depth,
				cRow: op.StrideH * op.Window.W * op.C, cColumn: op.StrideW * op.C,
				cStart: ((row.first*op.StrideH+hPhase-op.PadTop)*op.Window.W + col.first*op.StrideW + wPhase - op.PadLeft) * op.C,
				width:  col.count, columns: op.C,
			}
			var taps []int
			for _, r := range row.taps {
				for _, c := range col.taps {
					s.segments = append(s.segments, segment{
						a: -(r.shift*in.width + c.shift) * op.K,
						b: len(s.segments) * op.K * tileColumns,
					})
					taps = append(taps, r.index*op.S+c.index)
				}
			}
			s.panels, panels = split(panels, panelsSize(depth, op.C))
			op.packTransposed(s.panels, weights, taps, w)
			sweeps = append(sweeps, s)
			counts = append(counts, positions)
		}
	}

	size := op.H * op.Window.W * op.C
	parts := positionParts(op.N, op.H*op.Window.W, w)
	w.Run(op.N*parts, func(worker, task int) {
		n, part := task/parts, task%parts
		a := in.of(dy, n, scratch, worker)
		for i, s := range sweeps {
			s.a, s.c = a, dx[n*size:(n+1)*size]
			s.run(counts[i]*part/parts, counts[i]*(part+1)/parts)
		}
	})
}

// packTransposed packs W[tap, c, k] of the given taps into panels whose depth runs over (tap, k) and whose columns are c.
func (op Conv2DDgrad) packTransposed(panels, weights []float32, taps []int, w *Workers) {
	depth := len(taps) * op.K
	w.Run(columns(op.C)/tileColumns, func(_, panel int) {
		dst := panels[panel*depth*tileColumns : (panel+1)*depth*tileColumns]
		for j := range tileColumns {
			c := panel*tileColumns + j
			for t, tap := range taps {
				row := dst[t*op.K*tileColumns : (t+1)*op.K*tileColumns]
				if c >= op.C {
					for k := range op.K {
						row[k*tileColumns+j] = 0
					}
					continue
				}
				for k, v := range weights[(tap*op.C+c)*op.K : (tap*op.C+c+1)*op.K] {
					row[k*tileColumns+j] = v
				}
			}
		}
	})
}

// Launches implements [Op].
func (op Conv2DDgrad) Launches() []Launch {
	return []Launch{perTile("conv2d_dgrad", op.defines(), op.N*op.H*op.Window.W, op.C, 1)}
}
