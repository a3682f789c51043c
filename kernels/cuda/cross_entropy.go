package cuda

import "cnn-gpu/kernels"

func crossEntropyFprop(op kernels.CrossEntropyFprop) []Launch {
	return []Launch{perRow("cross_entropy.cu", "cross_entropy_fprop", op.N, op.K)}
}

func crossEntropyDgrad(op kernels.CrossEntropyDgrad) []Launch {
	return []Launch{perRow("cross_entropy.cu", "cross_entropy_dgrad", op.N, op.K)}
}
