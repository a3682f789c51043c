package cuda

import "cnn-gpu/kernels"

func conv2DFprop(op kernels.Conv2DFprop) []Launch {
	return []Launch{perTile("conv2d_fprop", conv2DDefines(op.Conv2D), op.N*op.P*op.Q, op.K)}
}

// conv2DDefines are the macros of a convolution.
func conv2DDefines(g kernels.Conv2D) []Define {
	return append(define("N", g.N, "C", g.C, "K", g.K), windowDefines(g.Window)...)
}
