package cpu

import "cnn-gpu/kernels"

func runOneHot(op kernels.OneHot, mem []kernels.Mem, _ *Workers) {
	labels, y := mem[0].I32, mem[1].F32
	clear(y)
	for n, label := range labels {
		if isLabel(label, op.K) {
			y[n*op.K+int(label)] = 1
		}
	}
}
