package kerneltest

import (
	"fmt"

	"cnn-gpu/kernels"
)

// convShape is a row of the table of convolutions.
type convShape struct {
	n, h, w, c, k          int
	size, stride, dilation [2]int
	padding                kernels.Padding
}

var convShapes = []convShape{
	{1, 1, 1, 1, 1, [2]int{1, 1}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid},
	{1, 1, 1, 3, 5, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same},
	{2, 3, 3, 1, 1, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid}, // the window is as big as the image
	{1, 7, 5, 5, 7, [2]int{7, 5}, [2]int{2, 3}, [2]int{1, 1}, kernels.Valid},
	{2, 5, 5, 3, 5, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same},
	{3, 8, 9, 5, 17, [2]int{3, 2}, [2]int{2, 1}, [2]int{1, 1}, kernels.Same},
	{1, 31, 33, 1, 33, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid},
	{1, 33, 31, 3, 7, [2]int{5, 5}, [2]int{2, 2}, [2]int{1, 1}, kernels.Same},
	{1, 13, 7, 33, 1, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same},
	{2, 2, 2, 33, 33, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same},
	{1, 1, 31, 3, 17, [2]int{1, 5}, [2]int{1, 2}, [2]int{1, 1}, kernels.Same},
	{1, 31, 1, 3, 17, [2]int{5, 1}, [2]int{2, 1}, [2]int{1, 1}, kernels.Valid},
	{1, 5, 6, 3, 4, [2]int{7, 7}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same}, // larger than the image
	{1, 4, 4, 7, 16, [2]int{5, 5}, [2]int{2, 2}, [2]int{1, 1}, kernels.Same},
	{2, 11, 13, 16, 32, [2]int{1, 1}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid},
	{2, 11, 13, 17, 33, [2]int{1, 1}, [2]int{2, 2}, [2]int{1, 1}, kernels.Same},
	{2, 5, 10, 2, 3, [2]int{1, 1}, [2]int{1, 2}, [2]int{1, 1}, kernels.Valid},
	{2, 9, 9, 4, 8, [2]int{3, 3}, [2]int{3, 3}, [2]int{1, 1}, kernels.Valid},
	{2, 10, 10, 3, 6, [2]int{2, 2}, [2]int{3, 3}, [2]int{1, 1}, kernels.Valid}, // gaps between the windows
	{2, 10, 11, 3, 6, [2]int{1, 1}, [2]int{3, 2}, [2]int{1, 1}, kernels.Same},
	{1, 7, 7, 2, 2, [2]int{2, 2}, [2]int{5, 5}, [2]int{1, 1}, kernels.Same},
	{1, 12, 12, 3, 5, [2]int{3, 3}, [2]int{1, 1}, [2]int{2, 2}, kernels.Valid},
	{1, 9, 10, 3, 5, [2]int{3, 3}, [2]int{1, 1}, [2]int{3, 3}, kernels.Same},
	{1, 3, 4, 2, 5, [2]int{2, 2}, [2]int{1, 1}, [2]int{5, 7}, kernels.Same}, // windows that see padding alone
	{2, 10, 9, 2, 7, [2]int{2, 3}, [2]int{2, 2}, [2]int{2, 2}, kernels.Valid},
	{2, 11, 10, 2, 7, [2]int{3, 2}, [2]int{2, 3}, [2]int{3, 2}, kernels.Same},
	{16, 6, 6, 4, 16, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same},
	{17, 5, 5, 2, 3, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid},
	{33, 4, 4, 1, 16, [2]int{2, 2}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid},
	{5, 10, 10, 2, 3, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same},
	{4, 3, 3, 16, 48, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid},
	{2, 28, 28, 1, 32, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid}, // the tutorial's three layers
	{1, 13, 13, 32, 64, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid},
	{1, 5, 5, 64, 64, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid},
	// More than a thousand positions, so that a gradient by the filters may be summed in slices.
	{4, 16, 17, 17, 17, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same},
	{5, 17, 15, 33, 17, [2]int{1, 1}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid},
	{22, 13, 14, 3, 20, [2]int{3, 3}, [2]int{2, 2}, [2]int{1, 1}, kernels.Same},
	{19, 15, 15, 5, 19, [2]int{5, 5}, [2]int{2, 2}, [2]int{1, 1}, kernels.Same},
	{6, 19, 15, 18, 3, [2]int{3, 3}, [2]int{1, 1}, [2]int{2, 2}, kernels.Valid},
	// Pixels of so many values that they would meet in the same places of a cache.
	{3, 5, 9, 64, 512, [2]int{1, 1}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid},
	{5, 4, 5, 256, 3, [2]int{3, 3}, [2]int{2, 2}, [2]int{1, 1}, kernels.Same},
}

func convCases() []Case {
	var cases []Case
	for _, s := range convShapes {
		cases = append(cases, s.cases()...)
	}
	return cases
}

// paddedCases are convolutions of a copy with zeros around it, as at the border of a strided one, and their gradients; of the last the windows at the
// border lie wholly in zeros.
func paddedCases() []Case {
	var cases []Case
	three, two := [2]int{3, 3}, [2]int{2, 2}
	for _, s := range []struct {
		conv  convShape // of the copy
		sides [4]int    // top, bottom, left, right
	}{
		{convShape{2, 8, 9, 3, 5, three, two, [2]int{1, 1}, kernels.Valid}, [4]int{1, 1, 1, 1}},
		{convShape{3, 7, 8, 4, 8, three, two, [2]int{1, 1}, kernels.Valid}, [4]int{0, 1, 0, 1}},
		{convShape{1, 9, 7, 2, 3, [2]int{5, 2}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same}, [4]int{2, 0, 0, 1}},
		{convShape{2, 9, 9, 2, 2, two, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid}, [4]int{3, 0, 0, 3}},
	} {
		conv, dgrad, wgrad := s.conv.ops()
		image := [4]int{s.conv.n, s.conv.h - s.sides[0] - s.sides[1], s.conv.w - s.sides[2] - s.sides[3], s.conv.c}
		padded := [4]int{s.conv.n, s.conv.h, s.conv.w, s.conv.c}
		pad := kernels.Copy{
			XShape: image, YShape: padded, Axes: kernels.InOrder, Box: image, YAt: [4]int{0, s.sides[0], s.sides[2], 0},
			X: float("x", image[:]...), Y: private("padded", padded[:]...),
		}
		conv.X, wgrad.X, dgrad.DX = pad.Y, pad.Y, private("dpadded", padded[:]...)
		crop := pad.Back(dgrad.DX, float("dx", image[:]...))
		wgrad.DY = float("dy", conv.Y.Shape...)
		dgrad.DY, wgrad.DW = wgrad.DY, float("dw", wgrad.DW.Shape...)
		name := fmt.Sprintf("%v_in_%v", s.conv, s.sides)
		cases = append(cases, newIntegerListCase(name+"_int", []kernels.Op{pad, conv, wgrad, dgrad, crop}, nil),
			newListCase(name, []kernels.Op{pad, conv, dgrad, crop, wgrad}, nil), newListCase(name, []kernels.Op{pad, conv}, nil))
	}
	return cases
}

func (s convShape) geometry() kernels.Conv2D {
	window := must(kernels.NewWindow([2]int{s.h, s.w}, s.size, s.stride, s.dilation, s.padding))
	return kernels.Conv2D{N: s.n, C: s.c, K: s.k, Window: window}
}

func (s convShape) String() string {
	name := fmt.Sprintf("%dx%dx%dx%d_%d@%dx%d_%v", s.n, s.h, s.w, s.c, s.k, s.size[0], s.size[1], s.padding)
	if s.stride != [2]int{1, 1} {
		name += fmt.Sprintf("_stride%dx%d", s.stride[0], s.stride[1])
	}
	if s.dilation != [2]int{1, 1} {
		name += fmt.Sprintf("_dilation%dx%d", s.dilation[0], s.dilation[1])
	}
	return name
}

// ops are the convolution with a bias and its two gradients.
func (s convShape) ops() (kernels.Conv2DFprop, kernels.Conv2DDgrad, kernels.Conv2DWgrad) {
	return convOps(s.geometry())
}

func convOps(g kernels.Conv2D) (kernels.Conv2DFprop, kernels.Conv2DDgrad, kernels.Conv2DWgrad) {
	x, w, b := float("x", g.N, g.H, g.Window.W, g.C), float("w", g.R, g.S, g.GroupChannels(), g.K), float("b", g.K)
	y := float("y", g.N, g.P, g.Q, g.K)
	return kernels.Conv2DFprop{Conv2D: g, X: x, W: w, B: b, Y: y},
		kernels.Conv2DDgrad{Conv2D: g, DY: y, W: w, DX: x},
		kernels.Conv2DWgrad{Conv2D: g, X: x, DY: y, DW: w}
}

func (s convShape) cases() []Case { return convCasesOf(s.String(), s.geometry()) }

func convCasesOf(name string, g kernels.Conv2D) []Case {
	fprop, dgrad, wgrad := convOps(g)
	noBias := fprop
	noBias.B = nil
	return []Case{
		newIntegerCase(name+"_int", fprop, nil), newCase(name, fprop, nil), newIntegerCase(name+"_int_no_bias", noBias, nil),
		newIntegerCase(name+"_int", dgrad, nil), newCase(name, dgrad, nil),
		newIntegerCase(name+"_int", wgrad, nil), newCase(name, wgrad, nil),
	}
}

var denseShapes = []kernels.Dense{
	{N: 1, C: 1, K: 1}, {N: 1, C: 7, K: 5}, {N: 2, C: 1, K: 1000}, {N: 5, C: 100, K: 33}, {N: 8, C: 64, K: 10}, {N: 33, C: 17, K: 31},
	{N: 128, C: 3, K: 16}, {N: 300, C: 2, K: 3}, {N: 32, C: 576, K: 64},
}

func denseCases() []Case {
	var cases []Case
	for _, g := range denseShapes {
		cases = append(cases, denseCasesOf(g)...)
	}
	for _, g := range [][2]int{{1, 1}, {7, 33}, {31, 64}, {513, 3}, {1024, 17}, {1537, 1}, {1537, 33}} {
		cases = append(cases, biasCasesOf(g[0], g[1])...)
	}
	return cases
}

func denseOps(g kernels.Dense) (kernels.DenseFprop, kernels.DenseDgrad, kernels.DenseWgrad) {
	x, w, b, y := float("x", g.N, g.C), float("w", g.C, g.K), float("b", g.K), float("y", g.N, g.K)
	return kernels.DenseFprop{Dense: g, X: x, W: w, B: b, Y: y},
		kernels.DenseDgrad{Dense: g, DY: y, W: w, DX: x},
		kernels.DenseWgrad{Dense: g, X: x, DY: y, DW: w}
}

func denseCasesOf(g kernels.Dense) []Case {
	fprop, dgrad, wgrad := denseOps(g)
	noBias := fprop
	noBias.B = nil
	name := fmt.Sprintf("%dx%d_%d", g.N, g.C, g.K)
	return []Case{
		newIntegerCase(name+"_int", fprop, nil), newCase(name, fprop, nil), newIntegerCase(name+"_int_no_bias", noBias, nil),
		newIntegerCase(name+"_int", dgrad, nil), newCase(name, dgrad, nil),
		newIntegerCase(name+"_int", wgrad, nil), newCase(name, wgrad, nil),
	}
}

func biasCasesOf(m, k int) []Case {
	op := kernels.BiasWgrad{M: m, K: k, DY: float("dy", m, k), DB: float("db", k)}
	name := fmt.Sprintf("%dx%d", m, k)
	return []Case{newIntegerCase(name+"_int", op, nil), newCase(name, op, nil)}
}
