package kerneltest

import (
	"fmt"

	"cnn-gpu/kernels"
)

// adaptivePoolShapes have windows of one size and of several, more outputs than inputs, and whole images as windows.
var adaptivePoolShapes = []kernels.AdaptivePool2D{
	{N: 1, H: 1, W: 1, C: 1, P: 1, Q: 1}, {N: 2, H: 5, W: 7, C: 3, P: 3, Q: 2}, {N: 3, H: 6, W: 4, C: 8, P: 3, Q: 2}, {N: 1, H: 10, W: 9, C: 17, P: 7, Q: 7},
	{N: 2, H: 3, W: 2, C: 5, P: 4, Q: 5}, {N: 2, H: 7, W: 11, C: 1, P: 1, Q: 1}, {N: 9, H: 1, W: 13, C: 33, P: 1, Q: 6},
}

func adaptivePoolCases() []Case {
	var cases []Case
	for _, shape := range adaptivePoolShapes {
		for _, kind := range []kernels.PoolKind{kernels.MaxPool, kernels.MinPool, kernels.AveragePool, kernels.SumPool} {
			g := shape
			g.Kind = kind
			name := fmt.Sprint(g)
			x, y, dx := float("x", g.N, g.H, g.W, g.C), float("y", g.N, g.P, g.Q, g.C), float("dx", g.N, g.H, g.W, g.C)
			fprop, dgrad := kernels.AdaptivePool2DFprop{AdaptivePool2D: g, X: x, Y: y}, kernels.AdaptivePool2DDgrad{AdaptivePool2D: g, DY: y, DX: dx}
			fill := map[string]contents{}
			if kind.Picks() {
				cases = append(cases, newCase(name+"_no_index", fprop, nil), newCase(name+"_special", fprop, map[string]contents{"x": specials}))
				_, index, err := pooled(kind, g.Outputs(), adaptiveWindows(g), draw(integers, g.Inputs()))
				fill["index"] = wants(index, err)
				fprop.Index = integer("index", g.N, g.P, g.Q, g.C)
				dgrad.Index = fprop.Index
				cases = append(cases, newIntegerCase(name+"_ties", fprop, nil))
			}
			cases = append(cases, newCase(name, fprop, nil), newCase(name, dgrad, fill))
		}
	}
	return cases
}
