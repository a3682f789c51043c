package kerneltest

import (
	"fmt"

	"cnn-gpu/kernels"
)

// roundTrip is a convolution with an activation, a pool and a convolution behind it, and the way back through all of them. Nobody else sees what they hand
// on, the places of the maxima among it.
type roundTrip struct {
	conv   convShape // whose output has rows and columns that no window covers, or not
	behind convShape // its image is the pool's output
	kind   kernels.PoolKind
	f      kernels.Function
}

// roundTrips have more channels than a first layer, which GPUs compute otherwise.
var roundTrips = func() []roundTrip {
	one, two, three := [2]int{1, 1}, [2]int{2, 2}, [2]int{3, 3}
	return []roundTrip{
		{convShape{1, 8, 6, 5, 6, three, one, one, kernels.Same}, convShape{1, 4, 3, 6, 3, three, one, one, kernels.Same}, kernels.MaxPool, kernels.ReLU},
		{convShape{2, 7, 7, 5, 8, three, one, one, kernels.Valid}, convShape{2, 2, 2, 8, 2, two, one, one, kernels.Valid}, kernels.MaxPool, kernels.ReLU},
		{convShape{1, 9, 8, 5, 5, two, one, one, kernels.Valid}, convShape{1, 4, 3, 5, 6, two, two, one, kernels.Same}, kernels.MinPool, kernels.Sigmoid},
		{convShape{1, 5, 9, 5, 7, one, one, one, kernels.Same}, convShape{1, 2, 4, 7, 3, one, one, one, kernels.Same}, kernels.AveragePool, kernels.ReLU},
		{convShape{1, 6, 7, 5, 6, two, one, one, kernels.Same}, convShape{1, 3, 3, 6, 4, three, one, one, kernels.Same}, kernels.SumPool, kernels.Linear},
		{convShape{3, 5, 5, 5, 12, two, one, one, kernels.Same}, convShape{3, 2, 2, 12, 2, one, one, one, kernels.Same}, kernels.MaxPool, kernels.GELU},
		{convShape{1, 5, 5, 40, 36, three, one, one, kernels.Same}, convShape{1, 2, 2, 36, 40, two, one, one, kernels.Same}, kernels.MaxPool, kernels.ReLU},
	}
}()

func roundTripCases() []Case {
	var cases []Case
	for _, s := range roundTrips {
		name := fmt.Sprintf("%v_%v_%v_%v", s.conv, s.f, s.kind, s.behind)
		if s.f != kernels.Linear {
			name += "_training" // reads what it hands on again
		}
		cases = append(cases, newListCase(name, s.ops(), nil))
		if s.f == kernels.ReLU && s.kind.Picks() {
			cases = append(cases, newIntegerListCase(name+"_int", s.ops(), nil))
		}
	}
	return cases
}

func (s roundTrip) ops() []kernels.Op {
	conv, first, _ := s.conv.ops()
	behind, back, _ := s.behind.ops()
	conv.Y = private("maps", conv.Y.Shape...)
	window := must(kernels.NewWindow([2]int{conv.P, conv.Q}, [2]int{2, 2}, [2]int{2, 2}, [2]int{1, 1}, kernels.Valid))
	g := kernels.Pool2D{Kind: s.kind, N: conv.N, C: conv.K, Window: window}
	pool := kernels.Pool2DFprop{Pool2D: g, X: conv.Y, Y: private("pooled", g.N, g.P, g.Q, g.C)}
	if s.kind.Picks() {
		pool.Index = kernels.NewBuffer("places", kernels.Int32, pool.Y.Shape...)
	}
	behind.X, behind.W, behind.B, behind.Y = pool.Y, float("weights behind", back.W.Shape...), nil, float("y", back.DY.Shape...)
	back.DY, back.W, back.DX = float("dy", back.DY.Shape...), behind.W, private("dpooled", pool.Y.Shape...)
	poolBack := kernels.Pool2DDgrad{Pool2D: g, DY: back.DX, Index: pool.Index, DX: private("dmaps", conv.Y.Shape...)}
	first.DY, first.W, first.DX = poolBack.DX, conv.W, float("dx", conv.X.Shape...)
	if s.f == kernels.Linear {
		return []kernels.Op{conv, pool, behind, back, poolBack, first}
	}
	f := kernels.Activation{Function: s.f}
	active := kernels.ActivationFprop{Activation: f, X: conv.Y, Y: private("active", conv.Y.Shape...)}
	pool.X = active.Y
	activeBack := kernels.ActivationDgrad{Activation: f, V: active.Y, DY: private("dactive", conv.Y.Shape...), DX: first.DY}
	if f.FromX() {
		activeBack.V = active.X
	}
	poolBack.DX = activeBack.DY
	return []kernels.Op{conv, active, pool, behind, back, poolBack, activeBack, first}
}
