package cuda

import "cnn-gpu/kernels"

func bilinear2DFprop(op kernels.Bilinear2DFprop) []Launch {
	return bilinear2D(op.Bilinear2D, "bilinear2d_fprop", op.Outputs())
}

func bilinear2DDgrad(op kernels.Bilinear2DDgrad) []Launch {
	return bilinear2D(op.Bilinear2D, "bilinear2d_dgrad", op.Inputs())
}

func bilinear2D(g kernels.Bilinear2D, function string, elements int) []Launch {
	return []Launch{perElement("bilinear2d.cu", function, elements,
		define("N", g.N, "H", g.H, "W", g.W, "C", g.C, "FACTOR_H", g.FactorH, "FACTOR_W", g.FactorW)...)}
}
