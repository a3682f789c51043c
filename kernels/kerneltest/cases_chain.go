package kerneltest

import (
	"fmt"

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

// chain is a convolution with a pool and, if asked for, a ReLU in between. What they hand on is private.
type chain struct {
	conv kernels.Conv2DFprop
	relu *kernels.ActivationFprop
	pool kernels.Pool2DFprop
}

func (s chainShape) chain(kind kernels.PoolKind, withReLU bool) chain {
	conv, _, _ := s.conv.ops()
	conv.Y = private("maps", conv.Y.Shape...)
	g := s.pool(kind)
	c := chain{conv: conv, pool: kernels.Pool2DFprop{Pool2D: g, X: conv.Y, Y: float("pooled", g.N, g.P, g.Q, g.C)}}
	if kind.Picks() {
		c.pool.Index = integer("index", g.N, g.P, g.Q, g.C)
	}
	if withReLU {
		c.relu = &kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.ReLU}, X: conv.Y, Y: private("relu", conv.Y.Shape...)}
		c.pool.X = c.relu.Y
	}
	return c
}

func (c chain) ops() []kernels.Op {
	if c.relu == nil {
		return []kernels.Op{c.conv, c.pool}
	}
	return []kernels.Op{c.conv, *c.relu, c.pool}
}

// convReLU is a convolution with a ReLU.
func (s convShape) convReLU() []kernels.Op {
	conv, _, _ := s.ops()
	relu := kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.ReLU}, X: private("maps", conv.Y.Shape...), Y: conv.Y}
	conv.Y = relu.X
	return []kernels.Op{conv, relu}
}

func chainCases() []Case {
	var cases []Case
	for _, s := range chainShapes {
		relu := s.conv.convReLU()
		cases = append(cases, newIntegerListCase(s.conv.String()+"_int", relu, nil), newListCase(s.conv.String(), relu, nil))
		for _, kind := range []kernels.PoolKind{kernels.MaxPool, kernels.MinPool, kernels.AveragePool, kernels.SumPool} {
			for _, withReLU := range []bool{false, true} {
				cases = append(cases, s.chainCases(kind, withReLU)...)
			}
		}
	}
	return cases
}

func (s chainShape) chainCases(kind kernels.PoolKind, withReLU bool) []Case {
	c := s.chain(kind, withReLU)
	name := fmt.Sprintf("%v_%v", s, kind)
	cases := []Case{newListCase(name, c.ops(), nil)}
	if !kind.Picks() {
		return cases
	}
	cases = append(cases, newIntegerListCase(name+"_int", c.ops(), nil))
	// An algorithm of Winograd spreads a NaN over its tile, and is worth its while from some channels on.
	if g := c.conv.Conv2D; !fits(g) || min(g.C, g.K) < 8 {
		cases = append(cases, newIntegerListCase(name+"_nan", c.ops(), map[string]contents{"x": integersAndNaN}))
	}
	c.pool.Index = nil
	return append(cases, newIntegerListCase(name+"_no_index_int", c.ops(), nil))
}
