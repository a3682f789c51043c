package kerneltest

import (
	"fmt"
	"slices"

	"cnn-gpu/kernels"
)

// lookalikeCases are lists that differ in one point from those that a device may have code for.
func lookalikeCases() []Case {
	var cases []Case
	for _, f := range allActivations() {
		cases = append(cases, activationBehindPool(f))
	}
	one, two, three := [2]int{1, 1}, [2]int{2, 2}, [2]int{3, 3}
	for _, s := range []chainShape{
		{convShape{2, 9, 8, 1, 16, three, one, one, kernels.Valid}, two, two, kernels.Valid},
		{convShape{5, 8, 8, 16, 8, three, one, one, kernels.Same}, two, two, kernels.Valid},
	} {
		cases = append(cases, s.otherFunctions()...)
		cases = append(cases, s.otherGradients()...)
		cases = append(cases, s.views()...)
	}
	return cases
}

// otherFunctions have another activation where a ReLU is usual.
func (s chainShape) otherFunctions() []Case {
	var cases []Case
	for _, f := range allActivations() {
		if f.Function == kernels.ReLU {
			continue
		}
		name := fmt.Sprintf("%v_%v", s, f)
		c := s.chain(kernels.AveragePool, true)
		c.relu.Activation = f
		cases = append(cases, newListCase(name+"_average", c.ops(), nil))
		c = s.chain(kernels.MaxPool, true)
		c.relu.Activation, c.pool.Index = f, nil
		cases = append(cases, newListCase(name+"_max", c.ops(), nil))
		p := s.pooledGradient(kernels.MaxPool, true, true)
		p.relu.Activation = f
		cases = append(cases, newListCase(name+"_max", p.ops(), map[string]contents{"index": indices(p.pool.Pool2D), "pooled": positives}))
	}
	return cases
}

// activationBehindPool is an activation's gradient behind that of a pool, told from what the pool took or from what the activation took.
func activationBehindPool(f kernels.Activation) Case {
	s := poolShape{2, 5, 7, 3, [2]int{3, 2}, [2]int{2, 1}, [2]int{1, 1}, kernels.Same}
	pool, gradient := s.ops(kernels.MaxPool)
	y := pool.X
	pool.Y, gradient.DY, gradient.DX = float("pooled", pool.Y.Shape...), float("dy", pool.Y.Shape...), private("dr", y.Shape...)
	activation := kernels.ActivationDgrad{Activation: f, V: y, DY: gradient.DX, DX: float("dx", y.Shape...)}
	if f.FromX() {
		activation.V = float("before", y.Shape...)
	}
	return newListCase(f.String(), []kernels.Op{pool, gradient, activation}, map[string]contents{"x": positives})
}

// otherGradients are those of an average and a sum, which reach every place, and lists in another order or with something left out.
func (s chainShape) otherGradients() []Case {
	average, total := s.pooledGradient(kernels.AveragePool, true, true), s.pooledGradient(kernels.SumPool, true, true)
	average.pool.Index, total.pool.Index = nil, nil
	p := s.pooledGradient(kernels.MaxPool, true, true)
	return []Case{
		newListCase(s.String()+"_average", average.ops(), nil),
		newListCase(s.String()+"_sum", total.ops(), nil),
		s.gradientCase("max_other_order", p, *p.relu, p.pool, *p.dgrad, *p.bias, p.wgrad),
		s.gradientCase("max_frozen_filters", p, *p.relu, p.pool, *p.bias, *p.dgrad),
		s.gradientCase("max_bias_alone", p, *p.relu, p.pool, *p.bias),
	}
}

// views have parameters that lie in one buffer, and maps that a dense layer reads as vectors.
func (s chainShape) views() []Case {
	c := s.chain(kernels.MaxPool, true)
	parameters := float("parameters", c.conv.W.Elements()+c.conv.K+3)
	c.conv.B = parameters.View("b", 2, c.conv.K)
	c.conv.W = parameters.View("w", 2+c.conv.K, c.conv.W.Shape...)
	c.pool.Y, c.pool.Index = private("pooled", c.pool.Y.Shape...), nil
	n := c.conv.N
	g := kernels.Dense{N: n, C: c.pool.Y.Elements() / n, K: 5}
	dense := kernels.DenseFprop{Dense: g, X: c.pool.Y.View("vectors", 0, n, g.C), W: float("w2", g.C, g.K), B: float("b2", g.K), Y: float("y", n, g.K)}

	p := s.pooledGradient(kernels.MaxPool, false, true)
	gradients := float("gradients", parameters.Shape...)
	p.bias.DB = gradients.View("db", 2, c.conv.K)
	p.wgrad.DW = gradients.View("dw", 2+c.conv.K, p.wgrad.DW.Shape...)
	p.relu.DY = private("dpooled", p.relu.DY.Shape...)
	dgrad := kernels.DenseDgrad{Dense: g, DY: float("dy", n, g.K), W: float("w2", g.C, g.K), DX: p.relu.DY.View("dvectors", 0, n, g.C)}
	return []Case{
		newIntegerListCase(s.String()+"_views", append(c.ops(), dense), nil),
		s.gradientCase("views", p, slices.Insert(p.ops(), 0, kernels.Op(dgrad))...),
	}
}
