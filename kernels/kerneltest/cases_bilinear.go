package kerneltest

import "cnn-gpu/kernels"

func bilinearCases() []Case {
	var cases []Case
	for _, g := range []kernels.Bilinear2D{
		{N: 1, H: 1, W: 1, C: 1, FactorH: 2, FactorW: 2},
		{N: 2, H: 3, W: 2, C: 5, FactorH: 1, FactorW: 1},
		{N: 2, H: 3, W: 5, C: 7, FactorH: 2, FactorW: 3},
		{N: 3, H: 7, W: 4, C: 17, FactorH: 3, FactorW: 2},
		{N: 1, H: 5, W: 1, C: 33, FactorH: 4, FactorW: 1},
		{N: 1, H: 1, W: 6, C: 3, FactorH: 7, FactorW: 2},
		{N: 2, H: 2, W: 3, C: 1, FactorH: 5, FactorW: 5},
		{N: 1, H: 13, W: 11, C: 8, FactorH: 2, FactorW: 2},
		{N: 5, H: 9, W: 10, C: 32, FactorH: 2, FactorW: 2},
	} {
		x, y := float("x", g.N, g.H, g.W, g.C), float("y", g.N, g.H*g.FactorH, g.W*g.FactorW, g.C)
		cases = append(cases, newCase(g.String(), kernels.Bilinear2DFprop{Bilinear2D: g, X: x, Y: y}, nil),
			newCase(g.String(), kernels.Bilinear2DDgrad{Bilinear2D: g, DY: y, DX: x}, nil))
	}
	return cases
}
