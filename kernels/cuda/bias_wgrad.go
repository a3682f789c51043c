package cuda

import "cnn-gpu/kernels"

func biasWgrad(op kernels.BiasWgrad) []Launch {
	c := newColumns("bias_wgrad.cu", op.M, op.K, []*kernels.Buffer{op.DY})
	sum := c.combined("bias_wgrad_sum")
	sum.Early = true
	return []Launch{c.perSlice("bias_wgrad", 1), sum}
}
