package kerneltest

import (
	"fmt"
	"slices"

	"cnn-gpu/kernels"
)

// sharedCases hand values on that somebody else sees too: a person, since they outlive the run, or another op, before or after the one
// that they are made for. A device that computes several ops in one must leave such a value where it is looked for.
func sharedCases() []Case {
	var cases []Case
	one, two, three := [2]int{1, 1}, [2]int{2, 2}, [2]int{3, 3}
	for _, s := range []chainShape{
		{convShape{2, 9, 8, 1, 16, three, one, one, kernels.Valid}, two, two, kernels.Valid},
		{convShape{5, 8, 8, 8, 8, three, one, one, kernels.Same}, two, two, kernels.Valid},
		{convShape{2, 10, 10, 24, 24, three, one, one, kernels.Same}, two, two, kernels.Valid},
	} {
		cases = append(cases, s.sharedValues()...)
		cases = append(cases, s.sharedGradients()...)
		cases = append(cases, s.sharedPool())
	}
	return cases
}

// sharedValues are chains of which one value is kept or read once more.
func (s chainShape) sharedValues() []Case {
	var cases []Case
	for _, withReLU := range []bool{false, true} {
		for _, at := range []string{"maps", "relu"} {
			if at == "relu" && !withReLU {
				continue
			}
			c := s.chain(kernels.MaxPool, withReLU)
			shared := c.conv.Y
			if at == "relu" {
				shared = c.relu.Y
			}
			again, last := readAgain(shared), len(c.ops())-1
			name := fmt.Sprintf("%v_%s", s, at)
			cases = append(cases, newIntegerListCase(name+"_read_after", append(c.ops(), again), nil),
				newIntegerListCase(name+"_read_before", slices.Insert(c.ops(), last, again), nil))

			c = s.chain(kernels.MaxPool, withReLU)
			if at == "relu" {
				c.relu.Y.Keep = true
			} else {
				c.conv.Y.Keep = true
			}
			cases = append(cases, newIntegerListCase(name+"_kept", c.ops(), nil))
		}
	}
	return cases
}

// sharedGradients are the gradients before a pool of which one is kept or read once more, as behind a sum of two convolutions.
func (s chainShape) sharedGradients() []Case {
	var cases []Case
	for _, withReLU := range []bool{false, true} {
		p, kept := s.pooledGradient(kernels.MaxPool, true, withReLU), s.pooledGradient(kernels.MaxPool, true, withReLU)
		kept.pool.DX.Keep = true
		wgrad, dgrad := p.wgrad, *p.dgrad
		wgrad.X, wgrad.DW = float("x2", wgrad.X.Shape...), float("dw2", wgrad.DW.Shape...)
		dgrad.W, dgrad.DX = float("w2", dgrad.W.Shape...), float("dx2", dgrad.DX.Shape...)
		cases = append(cases,
			s.gradientCase("two_convolutions", p, append(p.ops(), wgrad, dgrad)...),
			s.gradientCase("two_wgrads", p, append(p.ops(), wgrad)...),
			s.gradientCase("two_dgrads", p, append(p.ops(), dgrad)...),
			s.gradientCase("dmaps_read", p, append(p.ops(), readAgain(p.pool.DX))...),
			s.gradientCase("dmaps_kept", kept, kept.ops()...))
	}
	p, kept := s.pooledGradient(kernels.MaxPool, true, true), s.pooledGradient(kernels.MaxPool, true, true)
	kept.relu.DX.Keep = true
	return append(cases,
		s.gradientCase("dz_read", p, append(p.ops(), readAgain(p.relu.DX))...),
		s.gradientCase("dz_kept", kept, kept.ops()...))
}

// readAgain is one more op that reads a value.
func readAgain(x *kernels.Buffer) kernels.Op {
	return kernels.Add{A: x, B: float("other", x.Shape...), Y: float("sum", x.Shape...)}
}

// sharedPool is a prediction by two convolutions of which the second is added to its input.
func (s chainShape) sharedPool() Case {
	first := s.chain(kernels.MaxPool, true)
	first.pool.Y, first.pool.Index = private("pooled", first.pool.Y.Shape...), nil
	g := first.pool
	second := convShape{g.N, g.P, g.Q, g.C, g.C, s.conv.size, [2]int{1, 1}, [2]int{1, 1}, kernels.Same}.convReLU()
	conv, relu := second[0].(kernels.Conv2DFprop), second[1].(kernels.ActivationFprop)
	for _, b := range []*kernels.Buffer{conv.W, conv.B, conv.Y} {
		b.Name += "2"
	}
	conv.X, relu.Y = g.Y, private("relu2", relu.Y.Shape...)
	sum := kernels.Add{A: g.Y, B: relu.Y, Y: float("y", g.Y.Shape...)}
	return newIntegerListCase(fmt.Sprintf("%v_residual", s), append(first.ops(), conv, relu, sum), nil)
}
