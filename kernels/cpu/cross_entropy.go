package cpu

import "cnn-gpu/kernels"

func runCrossEntropyFprop(op kernels.CrossEntropyFprop, mem []kernels.Mem, w *Workers) {
	x, labels, y, loss := mem[0].F32, mem[1].I32, mem[2].F32, mem[3].F32
	w.Run(op.N, func(_, n int) {
		row := x[n*op.K : (n+1)*op.K]
		logSum := softmax(row, y[n*op.K:(n+1)*op.K])
		loss[n] = 0
		if label := labels[n]; isLabel(label, op.K) {
			loss[n] = float32(logSum - float64(row[label]))
		}
	})
}

func isLabel(label int32, classes int) bool { return label >= 0 && int(label) < classes }

func runCrossEntropyDgrad(op kernels.CrossEntropyDgrad, mem []kernels.Mem, w *Workers) {
	y, labels, dx := mem[0].F32, mem[1].I32, mem[2].F32
	examples := 0
	for _, label := range labels {
		if isLabel(label, op.K) {
			examples++
		}
	}
	scale := 1 / float32(max(examples, 1))
	for n, label := range labels {
		row := dx[n*op.K : (n+1)*op.K]
		if !isLabel(label, op.K) {
			clear(row)
			continue
		}
		for k, v := range y[n*op.K : (n+1)*op.K] {
			row[k] = v * scale
		}
		row[label] = (y[n*op.K+int(label)] - 1) * scale
	}
}
