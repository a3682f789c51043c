package cuda

import "cnn-gpu/kernels"

func conv2DDepthwiseFprop(op kernels.Conv2DFprop) []Launch {
	return []Launch{perElement("conv2d_depthwise_fprop.cu", "conv2d_depthwise_fprop", op.Outputs(), depthwiseDefines(op.Conv2D)...)}
}

// depthwiseDefines are the macros of a depthwise convolution.
func depthwiseDefines(g kernels.Conv2D) []Define {
	return append(define("N", g.N, "C", g.C, "K", g.K), windowDefines(g.Window)...)
}
