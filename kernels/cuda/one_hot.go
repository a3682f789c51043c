package cuda

import "cnn-gpu/kernels"

func oneHot(op kernels.OneHot) []Launch {
	n := op.N * op.K
	return []Launch{perElement("one_hot.cu", "one_hot", n, define("ELEMENTS", n, "K", op.K)...)}
}
