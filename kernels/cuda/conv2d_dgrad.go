package cuda

import "cnn-gpu/kernels"

func conv2DDgrad(op kernels.Conv2DDgrad) []Launch {
	if op.IsDepthwise() {
		return conv2DDepthwiseDgrad(op)
	}
	return []Launch{conv2DTiles("conv2d_dgrad", op.Conv2D, op.N*op.H*op.Window.W, op.GroupChannels())}
}
