package cuda

import "cnn-gpu/kernels"

func conv2DDepthwiseFprop(op kernels.Conv2DFprop) []Launch {
	if fitsTiles(op.Conv2D) {
		return []Launch{perDepthwiseTile("conv2d_depthwise_tile_fprop", op.Conv2D, tileOf(op.Conv2D), [2]int{op.P, op.Q}, op.X, op.W, op.B, op.Y)}
	}
	return []Launch{perElement("conv2d_depthwise_fprop.cu", "conv2d_depthwise_fprop", op.Outputs(), depthwiseDefines(op.Conv2D)...)}
}

// depthwiseDefines are the macros of a depthwise convolution.
func depthwiseDefines(g kernels.Conv2D) []Define {
	return append(define("N", g.N, "C", g.C, "K", g.K), windowDefines(g.Window)...)
}
