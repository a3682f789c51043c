package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

func runSoftmaxFprop(op kernels.SoftmaxFprop, mem []kernels.Mem, w *Workers) {
	x, y := mem[0].F32, mem[1].F32
	w.Run(op.N, func(_, n int) { softmax(x[n*op.K:(n+1)*op.K], y[n*op.K:(n+1)*op.K]) })
}

// softmax writes the softmax of x to y and returns log Σ exp(x).
func softmax(x, y []float32) (logSum float64) {
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(float64(v) - float64(top))
	}
	for k, v := range x {
		y[k] = float32(math.Exp(float64(v)-float64(top)) / sum)
	}
	return float64(top) + math.Log(sum)
}

func runSoftmaxDgrad(op kernels.SoftmaxDgrad, mem []kernels.Mem, w *Workers) {
	w.Run(op.N, func(_, n int) {
		row := func(m kernels.Mem) []float32 { return m.F32[n*op.K : (n+1)*op.K] }
		y, dy, dx := row(mem[0]), row(mem[1]), row(mem[2])
		var dot float32
		for k, v := range y {
			dot += v * dy[k]
		}
		for k, v := range y {
			dx[k] = v * (dy[k] - dot)
		}
	})
}
