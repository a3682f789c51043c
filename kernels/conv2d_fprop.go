package kernels

// Conv2DFprop computes the convolution Y = X ∗ W + B; see [Conv2D]. B may be absent.
type Conv2DFprop struct {
	Conv2D
	X, W, B, Y *Buffer
}

// Name implements [Op].
func (op Conv2DFprop) Name() string { return "conv2d_fprop" }

// Operands implements [Op].
func (op Conv2DFprop) Operands() []Operand {
	return []Operand{
		floats("x", op.X, Read, op.inputs()),
		floats("w", op.W, Read, op.weights()),
		floats("b", op.B, Read, op.K).optional(true),
		floats("y", op.Y, Write, op.outputs()),
	}
}

// Cost implements [Op].
func (op Conv2DFprop) Cost() Cost { return cost(op, op.flops()) }

// HostScratch implements [Scratcher].
func (op Conv2DFprop) HostScratch(workers int) int {
	return panelsSize(op.R*op.S*op.C, op.K) + columns(op.K) + workers*op.input().size()
}

// Host implements [Op].
func (op Conv2DFprop) Host(mem []Mem, w *Workers) {
	x, weights, bias, y := mem[0].F32, mem[1].F32, mem[2].F32, mem[3].F32
	in := op.input()
	depth := op.R * op.S * op.C

	panels, scratch := split(w.Scratch(), panelsSize(depth, op.K))
	packPanels(panels, weights, depth, op.K, w)
	start, scratch := split(scratch, columns(op.K))
	clear(start)
	copy(start, bias)

	// The S·C values of a window's row are adjacent unless the window is dilated.
	steps, parts := op.S*op.C, 1
	if op.DilationW > 1 {
		steps, parts = op.C, op.S
	}
	var segments []segment
	for r := range op.R {
		for s := range parts {
			segments = append(segments, segment{
				a: (r*op.DilationH*in.width + s*op.DilationW) * op.C,
				b: len(segments) * steps * tileColumns,
			})
		}
	}

	positions := op.P * op.Q
	parts = positionParts(op.N, positions, w)
	w.Run(op.N*parts, func(worker, task int) {
		n, part := task/parts, task%parts
		sweep := sweep{
			a: in.of(x, n, scratch, worker), aRow: op.StrideH * in.width * op.C, aColumn: op.StrideW * op.C,
			panels: panels, start: start, segments: segments, steps: steps, depth: depth,
			c: y[n*positions*op.K : (n+1)*positions*op.K], cRow: op.Q * op.K, cColumn: op.K,
			width: op.Q, columns: op.K,
		}
		sweep.run(positions*part/parts, positions*(part+1)/parts)
	})
}

// of is image n of a batch x, padded into the worker's part of scratch if need be.
func (m image) of(x []float32, n int, scratch []float32, worker int) []float32 {
	in := m.inHeight * m.inWidth * m.channels
	x = x[n*in : (n+1)*in]
	if !m.isPadded() {
		return x
	}
	padded := scratch[worker*m.size() : (worker+1)*m.size()]
	m.fill(padded, x)
	return padded
}

// positionParts is the number of parts that each image's output positions are split into, so that there is work for every
// worker when there are few images.
func positionParts(images, positions int, w *Workers) int {
	if images >= 2*w.Count() {
		return 1
	}
	return max(1, min((2*w.Count()+images-1)/images, positions/(2*tileRows)))
}

// split cuts the first n values off s.
func split(s []float32, n int) (head, tail []float32) { return s[:n:n], s[n:] }

// Launches implements [Op].
func (op Conv2DFprop) Launches() []Launch {
	return []Launch{perTile("conv2d_fprop", op.defines(), op.N*op.P*op.Q, op.K, 1)}
}
