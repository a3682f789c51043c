package cuda

import "cnn-gpu/kernels"

func softmaxFprop(op kernels.SoftmaxFprop) []Launch {
	return []Launch{perRow("softmax.cu", "softmax_fprop", op.N, op.K)}
}

func softmaxDgrad(op kernels.SoftmaxDgrad) []Launch {
	return []Launch{perRow("softmax.cu", "softmax_dgrad", op.N, op.K)}
}
