package kerneltest

import (
	"fmt"

	"cnn-gpu/kernels"
)

// groupedShape is a convolution in groups, or in one.
type groupedShape struct {
	convShape
	groups int
}

var groupedShapes = func() []groupedShape {
	one, two, three := [2]int{1, 1}, [2]int{2, 2}, [2]int{3, 3}
	return []groupedShape{
		{convShape{2, 5, 6, 6, 9, three, one, one, kernels.Same}, 3},
		{convShape{2, 6, 7, 4, 2, [2]int{2, 3}, one, one, kernels.Valid}, 2}, // a filter in each group
		{convShape{1, 7, 5, 10, 40, three, two, one, kernels.Same}, 2},       // more than a tile of filters in each
		{convShape{3, 9, 8, 32, 32, three, one, one, kernels.Same}, 2},       // whole tiles, whose shape Winograd's algorithm is for
		{convShape{2, 9, 10, 14, 21, [2]int{3, 2}, [2]int{2, 1}, [2]int{1, 3}, kernels.Same}, 7},
		{convShape{2, 5, 4, 8, 32, three, one, one, kernels.Valid}, 4}, // half a tile of filters in each
		{convShape{5, 4, 3, 16, 96, one, one, one, kernels.Valid}, 4},
		{convShape{1, 6, 6, 70, 140, one, two, one, kernels.Valid}, 2}, // more than a tile of channels in each
		// Two tiles at once, of which the last has one column, all but one or all, then less than one tile behind two.
		{convShape{1, 5, 6, 62, 34, two, two, one, kernels.Same}, 2},
		{convShape{2, 6, 5, 34, 64, two, two, one, kernels.Valid}, 2},
		{convShape{1, 7, 5, 40, 80, [2]int{3, 2}, two, one, kernels.Same}, 2},
		{convShape{1, 5, 6, 128, 128, three, one, one, kernels.Same}, 2}, // taps share pixels of as many channels as a GPU holds at once, or twice as many
		// Depthwise, with as many channels as a vector, fewer and more, and one filter and more for each.
		{convShape{1, 1, 1, 2, 2, one, one, one, kernels.Valid}, 2},
		{convShape{2, 5, 7, 3, 3, three, one, one, kernels.Valid}, 3},
		{convShape{1, 3, 3, 5, 5, three, one, one, kernels.Same}, 5},
		{convShape{2, 9, 12, 8, 8, three, one, one, kernels.Same}, 8},
		{convShape{3, 11, 10, 17, 17, three, two, one, kernels.Same}, 17},
		{convShape{1, 8, 9, 41, 41, [2]int{5, 5}, one, one, kernels.Same}, 41},
		{convShape{1, 10, 9, 40, 40, [2]int{7, 3}, [2]int{1, 3}, one, kernels.Valid}, 40},
		{convShape{1, 4, 5, 70, 70, three, one, one, kernels.Same}, 70},
		{convShape{2, 12, 11, 9, 9, three, one, two, kernels.Same}, 9},
		{convShape{2, 11, 12, 10, 10, [2]int{3, 2}, [2]int{2, 3}, [2]int{3, 2}, kernels.Same}, 10},
		{convShape{1, 3, 4, 4, 4, two, one, [2]int{5, 7}, kernels.Same}, 4},   // windows that see padding alone
		{convShape{1, 7, 8, 3, 3, two, [2]int{5, 5}, one, kernels.Same}, 3},   // gaps between the windows
		{convShape{1, 2, 3, 6, 6, [2]int{5, 5}, one, one, kernels.Same}, 6},   // larger than the image
		{convShape{2, 6, 5, 3, 6, three, one, one, kernels.Same}, 3},          // two filters for each channel
		{convShape{1, 9, 8, 5, 35, [2]int{3, 4}, two, one, kernels.Valid}, 5}, // seven
		{convShape{33, 4, 4, 8, 16, two, one, one, kernels.Valid}, 8},
		{convShape{2, 14, 14, 32, 32, three, one, one, kernels.Same}, 32}, // as MobileNet has it
		{convShape{1, 15, 14, 24, 24, three, two, one, kernels.Same}, 24},
		{convShape{2, 7, 9, 12, 12, [2]int{7, 7}, one, one, kernels.Same}, 12}, // as ConvNeXt has it
		{convShape{2, 9, 10, 8, 8, [2]int{5, 5}, two, one, kernels.Same}, 8},
		{convShape{1, 8, 11, 6, 6, [2]int{7, 7}, two, one, kernels.Same}, 6},
	}
}()

func (s groupedShape) geometry() kernels.Conv2D {
	g := s.convShape.geometry()
	g.Groups = s.groups
	return g
}

func (s groupedShape) String() string {
	if s.groups == 1 {
		return s.convShape.String()
	}
	return fmt.Sprintf("%v_groups%d", s.convShape, s.groups)
}

// groupedCases are convolutions in groups, and lists that a device has code for if there is one group.
func groupedCases() []Case {
	var cases []Case
	for _, s := range groupedShapes {
		cases = append(cases, convCasesOf(s.String(), s.geometry())...)
	}
	for _, s := range groupedShapes {
		if s.size == [2]int{3, 3} && min(s.h, s.w) > 4 {
			cases = append(cases, s.lists()...)
		}
	}
	return cases
}

// lists are the convolution with a ReLU and a pool, and their gradients.
func (s groupedShape) lists() []Case {
	chain := chainShape{s.convShape, [2]int{2, 2}, [2]int{2, 2}, kernels.Valid}
	name := fmt.Sprintf("%v_pool", s)
	var cases []Case
	for _, kind := range []kernels.PoolKind{kernels.MaxPool, kernels.AveragePool} {
		for _, withReLU := range []bool{false, true} {
			c := chain.chain(kind, withReLU)
			c.conv.Conv2D, c.conv.W = s.geometry(), s.weights("w")
			cases = append(cases, newListCase(fmt.Sprintf("%s_%v", name, kind), c.ops(), nil))
		}
	}
	p := chain.pooledGradient(kernels.MaxPool, true, true)
	p.wgrad.Conv2D, p.wgrad.DW = s.geometry(), s.weights("dw")
	p.dgrad.Conv2D, p.dgrad.W = s.geometry(), s.weights("w")
	conv, _, _ := convOps(s.geometry())
	relu := kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.ReLU}, X: private("maps", conv.Y.Shape...), Y: conv.Y}
	conv.Y = relu.X
	return append(cases, newListCase(s.String()+"_relu", []kernels.Op{conv, relu}, nil), chain.gradientCase(fmt.Sprintf("groups%d", s.groups), p, p.ops()...))
}

func (s groupedShape) weights(name string) *kernels.Buffer {
	g := s.geometry()
	return float(name, g.R, g.S, g.GroupChannels(), g.K)
}
