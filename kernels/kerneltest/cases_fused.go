package kerneltest

import (
	"fmt"
	"math/rand/v2"

	"cnn-gpu/kernels"
)

// chainShape is a convolution with a pool behind it.
type chainShape struct {
	conv         convShape
	size, stride [2]int
	padding      kernels.Padding
}

var chainShapes = func() []chainShape {
	one, two, three := [2]int{1, 1}, [2]int{2, 2}, [2]int{3, 3}
	return []chainShape{
		{convShape{1, 1, 1, 1, 1, one, one, one, kernels.Valid}, one, one, kernels.Valid},
		{convShape{2, 28, 28, 1, 32, three, one, one, kernels.Valid}, two, two, kernels.Valid}, // the tutorial's two
		{convShape{1, 13, 13, 32, 64, three, one, one, kernels.Valid}, two, two, kernels.Valid},
		{convShape{1, 8, 8, 3, 7, three, one, one, kernels.Same}, two, two, kernels.Valid},
		{convShape{9, 7, 9, 5, 17, three, one, one, kernels.Same}, three, two, kernels.Same}, // windows that overlap, at the border too
		{convShape{2, 11, 12, 17, 5, [2]int{5, 5}, two, one, kernels.Same}, [2]int{3, 2}, [2]int{2, 1}, kernels.Valid},
		{convShape{17, 6, 6, 8, 16, [2]int{2, 3}, one, one, kernels.Valid}, two, two, kernels.Same},
		{convShape{2, 12, 13, 16, 33, one, one, one, kernels.Valid}, two, three, kernels.Valid}, // gaps between the windows
		{convShape{2, 12, 13, 40, 3, three, one, one, kernels.Same}, two, two, kernels.Valid},   // rows of more than a block of sums
		{convShape{1, 23, 21, 3, 40, [2]int{5, 5}, one, one, kernels.Same}, two, two, kernels.Valid},
		{convShape{9, 9, 10, 3, 16, three, one, one, kernels.Same}, two, two, kernels.Valid},                   // few taps, in several rounds
		{convShape{2, 12, 10, 4, 5, three, [2]int{1, 2}, [2]int{2, 1}, kernels.Same}, two, two, kernels.Valid}, // dilated
		{convShape{2, 9, 9, 16, 24, three, one, one, kernels.Same}, three, three, kernels.Valid},
		{convShape{2, 11, 12, 3, 16, three, two, one, kernels.Same}, two, two, kernels.Valid}, // pools of four places, which do not overlap
		{convShape{1, 14, 13, 2, 32, [2]int{2, 3}, one, [2]int{2, 1}, kernels.Same}, [2]int{1, 4}, [2]int{1, 4}, kernels.Valid},
		{convShape{3, 13, 9, 1, 48, [2]int{3, 1}, [2]int{1, 2}, one, kernels.Valid}, [2]int{4, 1}, [2]int{5, 2}, kernels.Valid},
		{convShape{17, 3, 3, 1, 16, two, one, one, kernels.Valid}, two, two, kernels.Valid},         // a single window, shared by workers
		{convShape{1, 7, 6, 5, 16, two, one, one, kernels.Valid}, two, [2]int{2, 1}, kernels.Valid}, // overlap after all
		{convShape{1, 5, 9, 2, 16, two, one, one, kernels.Valid}, two, two, kernels.Same},           // half outside
	}
}()

func (s chainShape) String() string {
	return fmt.Sprintf("%v_pool%dx%d_%v_stride%dx%d", s.conv, s.size[0], s.size[1], s.padding, s.stride[0], s.stride[1])
}

func (s chainShape) pool(kind kernels.PoolKind) kernels.Pool2D {
	g := s.conv.geometry()
	window := must(kernels.NewWindow([2]int{g.P, g.Q}, s.size, s.stride, [2]int{1, 1}, s.padding))
	return kernels.Pool2D{Kind: kind, N: g.N, C: g.K, Window: window}
}

// chain is the convolution with a pool and, if asked for, a ReLU in between.
func (s chainShape) chain(kind kernels.PoolKind, withReLU bool) kernels.Conv2DChain {
	conv, _, _ := s.conv.ops()
	g := s.pool(kind)
	pool := kernels.Pool2DFprop{Pool2D: g, X: conv.Y, Y: float("pooled", g.N, g.P, g.Q, g.C)}
	if kind != kernels.AveragePool {
		pool.Index = integer("index", g.N, g.P, g.Q, g.C)
	}
	op := kernels.Conv2DChain{Conv: conv, Pool: &pool}
	if withReLU {
		op.ReLU = &kernels.ActivationFprop{Function: kernels.ReLU, X: conv.Y, Y: float("relu", conv.Y.Shape...)}
		pool.X = op.ReLU.Y
	}
	return op
}

// grad are the gradients behind a max or min pool; if asked for, with that by the input, or with those of a ReLU behind the pool and of the
// bias.
func (s chainShape) grad(kind kernels.PoolKind, withDX, withReLU bool) kernels.Conv2DPoolGrad {
	_, dgrad, wgrad := s.conv.ops()
	g := s.pool(kind)
	op := kernels.Conv2DPoolGrad{
		Pool: kernels.Pool2DDgrad{
			Pool2D: g, DY: float("pooled", g.N, g.P, g.Q, g.C), Index: integer("index", g.N, g.P, g.Q, g.C), DX: wgrad.DY,
		},
		Wgrad: wgrad,
	}
	wgrad.DW = float("dw", wgrad.DW.Shape...)
	op.Wgrad = wgrad
	if withDX {
		dgrad.DY, dgrad.DX = wgrad.DY, float("dx", dgrad.DX.Shape...)
		op.Dgrad = &dgrad
	}
	if withReLU {
		dy := op.Pool.DY
		op.ReLU = &kernels.ActivationDgrad{Function: kernels.ReLU, Y: float("y", dy.Shape...), DY: float("dz", dy.Shape...), DX: dy}
		op.Bias = &kernels.BiasWgrad{M: g.N * g.P * g.Q, K: g.C, DY: dy, DB: float("db", g.C)}
	}
	return op
}

// halfZero are integers of which every other one, or so, is zero, as a ReLU leaves a gradient.
func halfZero(r *rand.Rand, i int) float64 {
	if r.IntN(2) == 0 {
		return 0
	}
	return integers(r, i)
}

func fusedCases() []Case {
	var cases []Case
	for _, s := range chainShapes {
		relu := s.chain(kernels.MaxPool, true)
		relu.Pool = nil
		name := s.String()
		cases = append(cases, newIntegerCase(s.conv.String()+"_int", relu, nil), newCase(s.conv.String(), relu, nil))
		for _, kind := range []kernels.PoolKind{kernels.MaxPool, kernels.MinPool, kernels.AveragePool} {
			for _, withReLU := range []bool{false, true} {
				op := s.chain(kind, withReLU)
				name := fmt.Sprintf("%s_%v", name, kind)
				if kind == kernels.AveragePool {
					cases = append(cases, newCase(name, op, nil))
					continue
				}
				cases = append(cases, newIntegerCase(name+"_int", op, nil), newCase(name, op, nil),
					newIntegerCase(name+"_nan", op, map[string]contents{"x": integersAndNaN}))
				pool := *op.Pool
				pool.Index = nil
				op.Pool = &pool
				cases = append(cases, newIntegerCase(name+"_no_index_int", op, nil))
			}
			if kind == kernels.AveragePool {
				continue
			}
			g := s.pool(kind)
			_, index := poolFprop(g, draw(integers, g.N*g.H*g.W*g.C))
			for _, with := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
				op := s.grad(kind, with[0], with[1])
				name := fmt.Sprintf("%s_%v", name, kind)
				if with[0] {
					name += "_dx"
				}
				if with[1] {
					name += "_relu"
				}
				cases = append(cases,
					newIntegerCase(name+"_int", op, map[string]contents{"index": wants(index), "dy": halfZero}),
					newCase(name, op, map[string]contents{"index": wants(index)}))
			}
		}
	}
	return cases
}
