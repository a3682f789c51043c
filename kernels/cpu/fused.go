package cpu

import "cnn-gpu/kernels"

// costOf is what an op costs that does the work of several in one go: all their operations, but not the bytes of what they hand on.
func costOf(op kernels.Op, members []kernels.Op) kernels.Cost {
	var flops int64
	for _, member := range members {
		flops += member.Cost().FLOPs
	}
	return kernels.CostOf(op, int(flops))
}
