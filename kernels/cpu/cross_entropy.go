package cpu

import "cnn-gpu/kernels"

func runCrossEntropyFprop(op kernels.CrossEntropyFprop, mem []kernels.Mem, w *Workers) {
	x, labels, y, loss := mem[0].F32, mem[1].I32, mem[2].F32, mem[3].F32
	w.Run(op.N, func(_, n int) {
		row := x[n*op.K : (n+1)*op.K]
		logSum := softmax(row, y[n*op.K:(n+1)*op.K])
		loss[n] = 0
		label := labels[n]
		if !isLabel(label, op.K) {
			return
		}
		own := logSum - float64(row[label])
		if op.Smoothing > 0 {
			all := 0.0
			for _, v := range row {
				all += logSum - float64(v)
			}
			own = (1-float64(op.Smoothing))*own + float64(op.Smoothing)/float64(op.K)*all
		}
		loss[n] = float32(own)
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
	target, other := kernels.SmoothTargets(op.Smoothing, op.K)
	for n, label := range labels {
		row := dx[n*op.K : (n+1)*op.K]
		if !isLabel(label, op.K) {
			clear(row)
			continue
		}
		for k, v := range y[n*op.K : (n+1)*op.K] {
			row[k] = (v - other) * scale
		}
		row[label] = (y[n*op.K+int(label)] - target) * scale
	}
}
