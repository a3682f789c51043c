package cuda

import "cnn-gpu/kernels"

func conv2DDepthwiseDgrad(op kernels.Conv2DDgrad) []Launch {
	return []Launch{perElement("conv2d_depthwise_dgrad.cu", "conv2d_depthwise_dgrad", op.Inputs(), depthwiseDefines(op.Conv2D)...)}
}
