package cuda

import "cnn-gpu/kernels"

func pool2DDgrad(op kernels.Pool2DDgrad) []Launch {
	return []Launch{perElement("pool2d_dgrad.cu", "pool2d_dgrad", op.Inputs(), pool2DDefines(op.Pool2D)...)}
}
