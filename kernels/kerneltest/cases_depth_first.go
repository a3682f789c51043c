package kerneltest

import (
	"fmt"
	"math/rand/v2"

	"cnn-gpu/kernels"
)

// depthFirstCases are two convolutions with ReLU and pool, forward and backward, as networks begin.
func depthFirstCases() []Case {
	var cases []Case
	one, two, three := [2]int{1, 1}, [2]int{2, 2}, [2]int{3, 3}
	for _, n := range []int{1, 5, 9, 33} {
		first := chainShape{convShape{n, 12, 11, 1, 8, three, one, one, kernels.Same}, two, two, kernels.Valid}
		second := chainShape{convShape{n, 6, 5, 8, 16, three, one, one, kernels.Same}, two, two, kernels.Valid}
		g := second.conv.geometry()
		g.N = n

		for _, training := range []bool{true, false} {
			a, b := first.chain(kernels.MaxPool, true), second.chain(kernels.MaxPool, true)
			b.Conv.Winograd = 2
			between := kernels.ActivationFprop{Function: kernels.ReLU, X: a.Pool.Y, Y: b.Conv.X}
			op := kernels.DepthFirst{Ops: []kernels.Op{a, between, b}}
			name := fmt.Sprintf("training%d", n)
			if !training {
				a.Pool.Index, b.Pool.Index = nil, nil
				op.Local, name = []*kernels.Buffer{a.Pool.Y, b.Conv.X}, fmt.Sprintf("inference%d", n)
			}
			cases = append(cases, newIntegerCase(name, op, nil))
		}

		b, a := second.grad(kernels.MaxPool, true, false), first.grad(kernels.MaxPool, false, false)
		between := kernels.ActivationDgrad{Function: kernels.ReLU, Y: float("y", b.Dgrad.DX.Shape...), DY: b.Dgrad.DX, DX: a.Pool.DY}
		bias := kernels.BiasWgrad{M: b.Dgrad.DX.Elements() / a.Wgrad.K, K: a.Wgrad.K, DY: a.Pool.DY, DB: float("db", a.Wgrad.K)}
		op := kernels.DepthFirst{Ops: []kernels.Op{b, between, a, bias}, Local: []*kernels.Buffer{b.Dgrad.DX, a.Pool.DY}}
		places := func(r *rand.Rand, _ int) float64 { return float64(r.IntN(4)) }
		cases = append(cases, newIntegerCase(fmt.Sprintf("gradient%d", n), op, map[string]contents{"index": places, "dy": halfZero}))
	}
	return cases
}
