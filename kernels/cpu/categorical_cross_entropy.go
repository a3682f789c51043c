package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

func runCategoricalCrossEntropyFprop(op kernels.CategoricalCrossEntropyFprop, mem []kernels.Mem, w *Workers) {
	x, targets, labels, y, loss := mem[0].F32, mem[1].F32, mem[2].I32, mem[3].F32, mem[4].F32
	w.Run(op.N, func(_, n int) {
		row := x[n*op.K : (n+1)*op.K]
		logSum := softmax(row, y[n*op.K:(n+1)*op.K])
		loss[n] = 0
		if !isLabel(labels[n], op.K) {
			return
		}
		sum := 0.0
		for k, v := range row {
			surprise := logSum - float64(v)
			sum += focus(-math.Expm1(-surprise), op.Gamma) * float64(targets[n*op.K+k]) * surprise
		}
		loss[n] = float32(float64(op.Alpha) * sum)
	})
}

func runCategoricalCrossEntropyDgrad(op kernels.CategoricalCrossEntropyDgrad, mem []kernels.Mem, w *Workers) {
	x, targets, labels, dx := mem[0].F32, mem[1].F32, mem[2].I32, mem[3].F32
	scale := float64(op.Alpha) / float64(countExamples(labels, op.K))
	w.Run(op.N, func(_, n int) {
		row, t, d := x[n*op.K:(n+1)*op.K], targets[n*op.K:(n+1)*op.K], dx[n*op.K:(n+1)*op.K]
		if !isLabel(labels[n], op.K) {
			clear(d)
			return
		}
		logSum := softmax(row, d)
		gradient := func(k int) float64 {
			surprise := logSum - float64(row[k])
			rest, ratio := -math.Expm1(-surprise), 1.0
			if rest > 0 {
				ratio = surprise / rest
			}
			return -float64(t[k]) * focus(rest, op.Gamma) * (float64(op.Gamma)*math.Exp(-surprise)*ratio + 1)
		}
		sum := 0.0
		for k := range row {
			sum += gradient(k)
		}
		for k := range row {
			d[k] = float32((gradient(k) - math.Exp(float64(row[k])-logSum)*sum) * scale)
		}
	})
}

// focus is rest to the power of gamma, where rest may have been rounded below 0.
func focus(rest float64, gamma float32) float64 {
	if gamma == 0 {
		return 1
	}
	return math.Pow(max(rest, 0), float64(gamma))
}

// countExamples is the number of rows that are an example, but at least 1, since it divides.
func countExamples(labels []int32, classes int) int {
	examples := 0
	for _, label := range labels {
		if isLabel(label, classes) {
			examples++
		}
	}
	return max(examples, 1)
}
