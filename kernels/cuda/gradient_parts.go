package cuda

import (
	"cmp"

	"cnn-gpu/kernels"
)

// gradientParts are the parts of the gradients by filters and a bias, which an op writes for so many slices of its sums and another adds up.
type gradientParts struct {
	Parts, BiasParts *kernels.Buffer // the latter is nil without a bias
	Step, Halt       *kernels.Buffer // set if it halts training at parts whose sum might not be finite
}

// operands are the last ones of an op that writes the parts of a convolution's gradients.
func (p gradientParts) operands(g kernels.Conv2D, slices int) []kernels.Operand {
	return []kernels.Operand{
		kernels.Ints("step", p.Step, kernels.Read, 1).OptionalIf(true), kernels.Ints("halt", p.Halt, kernels.Raise, 1).OptionalIf(true),
		kernels.Floats("parts", p.Parts, kernels.Write, slices*partPitch(g.Weights())),
		kernels.Floats("bias_parts", p.BiasParts, kernels.Write, slices*partPitch(g.K)).OptionalIf(true),
	}
}

// moved are the parts with other buffers in place of those in the map.
func (p gradientParts) moved(other map[*kernels.Buffer]*kernels.Buffer) gradientParts {
	p.Parts, p.BiasParts = cmp.Or(other[p.Parts], p.Parts), cmp.Or(other[p.BiasParts], p.BiasParts)
	return p
}

// sums makes the buffers of the parts, and the ops that add them to the gradients, of which the bias's may be nil.
func (p *gradientParts) sums(dw, db *kernels.Buffer, slices int) []kernels.Op {
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
