package cuda

import "cnn-gpu/kernels"

func conv2DDgrad(op kernels.Conv2DDgrad) []Launch {
	return []Launch{perTile("conv2d_dgrad", conv2DDefines(op.Conv2D), op.N*op.H*op.Window.W, op.C)}
}
