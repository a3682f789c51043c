package kerneltest

import (
	"fmt"
	"slices"

	"cnn-gpu/kernels"
)

// depthFirstCases are two convolutions with ReLU and pool, forward and backward, as networks begin. Training keeps what the pools hand on,
// a prediction nothing.
func depthFirstCases() []Case {
	var cases []Case
	one, two, three := [2]int{1, 1}, [2]int{2, 2}, [2]int{3, 3}
	for _, n := range []int{1, 5, 9, 33} {
		first := chainShape{convShape{n, 12, 11, 1, 8, three, one, one, kernels.Same}, two, two, kernels.Valid}
		second := chainShape{convShape{n, 6, 5, 8, 16, three, one, one, kernels.Same}, two, two, kernels.Valid}

		a, b := first.chain(kernels.MaxPool, true), second.chain(kernels.MaxPool, true).second()
		b.conv.X = a.pool.Y
		cases = append(cases, newIntegerListCase(fmt.Sprintf("training_%d", n), slices.Concat(a.ops(), b.ops()), nil))

		a.pool.Y, a.pool.Index, b.pool.Index = private("pooled", a.pool.Y.Shape...), nil, nil
		b.conv.X = a.pool.Y
		cases = append(cases, newIntegerListCase(fmt.Sprintf("prediction_%d", n), slices.Concat(a.ops(), b.ops()), nil))

		between := kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.ReLU}, X: a.pool.Y, Y: private("between", a.pool.Y.Shape...)}
		b.conv.X = between.Y
		cases = append(cases, newIntegerListCase(fmt.Sprintf("prediction_%d", n), slices.Concat(a.ops(), []kernels.Op{between}, b.ops()), nil),
			twoGradients(fmt.Sprintf("gradient_%d", n), first, second))
		cases = append(cases, twoLayers(n)...)
	}
	return cases
}

// twoLayers are the gradients of two convolutions with ReLUs, behind the second of which there is a sum pool, from the last to the first.
func twoLayers(n int) []Case {
	var cases []Case
	one, two, three, five := [2]int{1, 1}, [2]int{2, 2}, [2]int{3, 3}, [2]int{5, 5}
	for _, s := range []struct{ first, second convShape }{
		{convShape{n, 9, 10, 3, 17, three, one, one, kernels.Same}, convShape{n, 9, 10, 17, 5, one, one, one, kernels.Valid}},
		{convShape{n, 10, 11, 1, 9, five, one, one, kernels.Same}, convShape{n, 10, 11, 9, 20, three, two, one, kernels.Same}},
		{convShape{n, 11, 19, 4, 6, one, one, one, kernels.Valid}, convShape{n, 11, 19, 6, 19, one, two, one, kernels.Valid}},
	} {
		_, _, a := s.first.ops()
		_, dgrad, b := s.second.ops()
		bias := func(g kernels.Conv2D, dy *kernels.Buffer, name string) kernels.Op {
			return kernels.BiasWgrad{M: g.N * g.P * g.Q, K: g.K, DY: dy, DB: float(name, g.K)}
		}
		relu := func(v, dy *kernels.Buffer, name string) kernels.ActivationDgrad {
			return kernels.ActivationDgrad{Activation: kernels.Activation{Function: kernels.ReLU}, V: v, DY: dy, DX: private(name, v.Shape...)}
		}
		_, pool := poolShape{n, b.P, b.Q, b.K, two, two, one, kernels.Same}.ops(kernels.SumPool)
		pool.DY.Name, pool.DX = "dy", private("dmaps", pool.DX.Shape...)
		second := relu(float("y2", b.DY.Shape...), pool.DX, "dsums2")
		a.DW, b.DW, dgrad.W = float("dw", a.DW.Shape...), float("dw2", b.DW.Shape...), float("w2", b.DW.Shape...)
		b.X, b.DY, dgrad.DY, dgrad.DX = float("y", a.DY.Shape...), second.DX, second.DX, private("dx2", b.X.Shape...)
		first := relu(b.X, dgrad.DX, "dsums")
		a.DY = first.DX
		cases = append(cases, newIntegerListCase(fmt.Sprintf("%v_and_%v", s.first, s.second), []kernels.Op{
			pool, second, b, bias(b.Conv2D, b.DY, "db2"), dgrad, first, a, bias(a.Conv2D, a.DY, "db"),
		}, nil))
	}
	return cases
}

// second makes the names of a chain those of a second one.
func (c chain) second() chain {
	for _, b := range []*kernels.Buffer{c.conv.W, c.conv.B, c.conv.Y, c.relu.Y, c.pool.Y, c.pool.Index} {
		b.Name += "2"
	}
	return c
}

// twoGradients are the gradients of two convolutions with ReLU and pool.
func twoGradients(name string, first, second chainShape) Case {
	b, a := second.pooledGradient(kernels.MaxPool, true, true), first.pooledGradient(kernels.MaxPool, false, true)
	for _, buffer := range []*kernels.Buffer{
		b.relu.V, b.pool.DY, b.pool.Index, b.pool.DX, b.wgrad.DW, b.bias.DB, b.dgrad.W,
	} {
		buffer.Name += "2"
	}
	b.wgrad.X = a.relu.V
	b.dgrad.DX = private("dpooled", b.dgrad.DX.Shape...)
	a.relu.DY = b.dgrad.DX
	fill := a.sparse()
	fill["index2"] = indices(b.pool.Pool2D)
	return newIntegerListCase(name, append(b.ops(), a.ops()...), fill)
}
