package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"cnn-gpu/kernels"
)

// poolShape is a row of the table of pools.
type poolShape struct {
	n, h, w, c             int
	size, stride, dilation [2]int
	padding                kernels.Padding
}

var poolShapes = []poolShape{
	{1, 1, 1, 1, [2]int{1, 1}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid},
	{1, 1, 1, 3, [2]int{2, 2}, [2]int{2, 2}, [2]int{1, 1}, kernels.Same},
	{2, 4, 4, 5, [2]int{4, 4}, [2]int{4, 4}, [2]int{1, 1}, kernels.Valid},
	{2, 26, 26, 32, [2]int{2, 2}, [2]int{2, 2}, [2]int{1, 1}, kernels.Valid}, // the tutorial's two pools
	{2, 11, 11, 64, [2]int{2, 2}, [2]int{2, 2}, [2]int{1, 1}, kernels.Valid},
	{3, 7, 5, 17, [2]int{3, 3}, [2]int{2, 2}, [2]int{1, 1}, kernels.Same},    // the windows overlap
	{2, 8, 9, 3, [2]int{3, 2}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid},    // each position in several windows
	{2, 6, 7, 33, [2]int{5, 5}, [2]int{1, 2}, [2]int{1, 1}, kernels.Same},    // larger than half the image
	{1, 31, 33, 1, [2]int{2, 3}, [2]int{3, 4}, [2]int{1, 1}, kernels.Valid},  // gaps between the windows
	{1, 10, 11, 7, [2]int{1, 1}, [2]int{3, 2}, [2]int{1, 1}, kernels.Same},   // a pool that only drops
	{17, 3, 4, 2, [2]int{2, 2}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same},    // many small images
	{1, 9, 11, 3, [2]int{2, 3}, [2]int{1, 2}, [2]int{3, 2}, kernels.Valid},   // dilated
	{1, 9, 11, 3, [2]int{3, 2}, [2]int{1, 1}, [2]int{3, 2}, kernels.Same},    // dilated, with padding
	{1, 5, 1, 31, [2]int{3, 3}, [2]int{2, 2}, [2]int{1, 1}, kernels.Same},    // one column
	{2, 16, 16, 16, [2]int{3, 3}, [2]int{2, 2}, [2]int{1, 1}, kernels.Valid}, // AlexNet's overlapping pool
}

func poolCases() []Case {
	var cases []Case
	for _, s := range poolShapes {
		cases = append(cases, s.cases()...)
	}
	return cases
}

func (s poolShape) String() string {
	name := fmt.Sprintf("%dx%dx%dx%d@%dx%d_%v_stride%dx%d", s.n, s.h, s.w, s.c, s.size[0], s.size[1], s.padding, s.stride[0], s.stride[1])
	if s.dilation != [2]int{1, 1} {
		name += fmt.Sprintf("_dilation%dx%d", s.dilation[0], s.dilation[1])
	}
	return name
}

// ops are the pool and its gradient.
func (s poolShape) ops(kind kernels.PoolKind) (kernels.Pool2DFprop, kernels.Pool2DDgrad) {
	window := must(kernels.NewWindow([2]int{s.h, s.w}, s.size, s.stride, s.dilation, s.padding))
	g := kernels.Pool2D{Kind: kind, N: s.n, C: s.c, Window: window}
	x, y := float("x", s.n, s.h, s.w, s.c), float("y", s.n, g.P, g.Q, s.c)
	fprop, dgrad := kernels.Pool2DFprop{Pool2D: g, X: x, Y: y}, kernels.Pool2DDgrad{Pool2D: g, DY: y, DX: x}
	if kind.Picks() {
		index := integer("index", s.n, g.P, g.Q, s.c)
		fprop.Index, dgrad.Index = index, index
	}
	return fprop, dgrad
}

func (s poolShape) cases() []Case {
	average, averageDgrad := s.ops(kernels.AveragePool)
	total, totalDgrad := s.ops(kernels.SumPool)
	cases := []Case{
		newCase(s.String()+"_average", average, nil), newCase(s.String()+"_average", averageDgrad, nil),
		newCase(s.String()+"_average_int", average, map[string]contents{"x": integers}),
		newCase(s.String()+"_sum", total, nil), newCase(s.String()+"_sum", totalDgrad, nil),
		newIntegerCase(s.String()+"_sum_int", total, nil), newIntegerCase(s.String()+"_sum_int", totalDgrad, nil),
	}
	for _, kind := range []kernels.PoolKind{kernels.MaxPool, kernels.MinPool} {
		name := fmt.Sprintf("%v_%v", s, kind)
		fprop, dgrad := s.ops(kind)
		noIndex := fprop
		noIndex.Index = nil

		indices := map[string]contents{"index": indices(fprop.Pool2D)}
		// Integers of so small a range have many ties.
		cases = append(cases, newIntegerCase(name+"_ties", fprop, nil), newIntegerCase(name+"_ties_no_index", noIndex, nil),
			newCase(name, fprop, nil), newCase(name+"_no_index", noIndex, nil),
			newCase(name+"_special", fprop, map[string]contents{"x": specials}),
			newCase(name+"_special_no_index", noIndex, map[string]contents{"x": specials}),
			newIntegerCase(name+"_int", dgrad, indices), newCase(name, dgrad, indices))
	}
	return cases
}

// indices are those that a pool may have taken its values from.
func indices(g kernels.Pool2D) contents {
	_, index, err := pooled(g.Kind, g.Outputs(), windowsOf(g), draw(integers, g.Inputs()))
	return wants(index, err)
}

// specials are real numbers with NaNs and infinities among them.
func specials(r *rand.Rand, i int) float64 {
	switch r.IntN(12) {
	case 0:
		return math.NaN()
	case 1:
		return math.Inf(1)
	case 2:
		return math.Inf(-1)
	}
	return reals(r, i)
}
