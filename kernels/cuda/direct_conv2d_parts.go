package cuda

import (
	"cmp"

	"cnn-gpu/kernels"
)

// directParts are the parts of the gradients of a direct convolution by its filters and its bias, one for each block along x.
type directParts struct {
	Parts, BiasParts *kernels.Buffer // the latter is nil without a bias
	Step, Halt       *kernels.Buffer // set if it halts training at parts whose sum might not be finite
}

// operands are the parts of gradients of a convolution by launches.
func (p directParts) operands(g kernels.Conv2D, launches []Launch) []kernels.Operand {
	slices := launches[0].Grid[0]
	return []kernels.Operand{
		kernels.Ints("step", p.Step, kernels.Read, 1).OptionalIf(true), kernels.Ints("halt", p.Halt, kernels.Raise, 1).OptionalIf(true),
		kernels.Floats("parts", p.Parts, kernels.Write, slices*partPitch(g.Weights())),
		kernels.Floats("bias_parts", p.BiasParts, kernels.Write, slices*partPitch(g.K)).OptionalIf(true),
	}
}

// moved are the parts with other buffers in place of those in the map.
func (p directParts) moved(other map[*kernels.Buffer]*kernels.Buffer) directParts {
	p.Parts, p.BiasParts = cmp.Or(other[p.Parts], p.Parts), cmp.Or(other[p.BiasParts], p.BiasParts)
	return p
}

// sums makes the buffers of the parts that launches write, and the ops that add them to the gradients, of which the bias's may be nil.
func (p *directParts) sums(dw, db *kernels.Buffer, launches []Launch) []kernels.Op {
	slices := launches[0].Grid[0]
	sum := func(parts **kernels.Buffer, gradient *kernels.Buffer) kernels.Op {
		s := segment{count: gradient.Elements(), slices: slices}
		*parts = kernels.NewBuffer(gradient.Name+" in parts", kernels.Float32, slices, partPitch(s.count))
		return sumParts{Segments: []segment{s}, Parts: *parts, DW: gradient}
	}
	ops := []kernels.Op{sum(&p.Parts, dw)}
	if db != nil {
		ops = append(ops, sum(&p.BiasParts, db))
	}
	return ops
}

// directBand is how many of an image's rows of gradients a block keeps: as many as its shared memory holds, unless the blocks were too few
// to fill a GPU.
func directBand(images, rows int, shared func(band int) int) int {
	for band := rows; band > 1; band-- {
		if shared(band) <= mostShared && images*kernels.CeilDiv(rows, band) >= mostSlices {
			return kernels.CeilDiv(rows, kernels.CeilDiv(rows, band))
		}
	}
	return 1
}

// inParts is a launch whose blocks share the bands of all images.
func (l Launch) inParts(images, band, rows int) []Launch {
	items := images * kernels.CeilDiv(rows, band)
	l.Grid[0] = min(items, mostSlices)
	l.Defines = append(l.Defines, define("BAND", band, "ITEMS", items, "BLOCKS", l.Grid[0])...)
	return []Launch{l}
}
