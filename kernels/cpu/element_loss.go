package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

// lossCode computes a loss of x with target t and its derivative by x.
type lossCode struct {
	value, gradient func(x, t float64, g kernels.ElementLoss) float64
}

var elementLosses = map[kernels.LossFunction]lossCode{
	kernels.SquaredError: {
		func(x, t float64, _ kernels.ElementLoss) float64 { return (x - t) * (x - t) },
		func(x, t float64, _ kernels.ElementLoss) float64 { return 2 * (x - t) },
	},
	kernels.AbsoluteError: {
		func(x, t float64, _ kernels.ElementLoss) float64 { return math.Abs(x - t) },
		func(x, t float64, _ kernels.ElementLoss) float64 {
			switch {
			case x > t:
				return 1
			case x < t:
				return -1
			}
			return x - t // 0, or NaN
		},
	},
	kernels.Huber: {
		func(x, t float64, g kernels.ElementLoss) float64 {
			delta, off := float64(g.Delta), math.Abs(x-t)
			if off > delta {
				return delta * (off - delta/2)
			}
			return off * off / 2
		},
		func(x, t float64, g kernels.ElementLoss) float64 {
			delta := float64(g.Delta)
			return min(max(x-t, -delta), delta)
		},
	},
	kernels.BinaryCrossEntropy: {
		func(x, t float64, g kernels.ElementLoss) float64 {
			return balance(t, g) * focus(miss(x, t), g.Gamma) * binaryCrossEntropy(x, t)
		},
		func(x, t float64, g kernels.ElementLoss) float64 {
			p, q, share := sigmoid(x), miss(x, t), 1.0
			if q > 0 {
				share = p * sigmoid(-x) / q
			}
			return balance(t, g) * focus(q, g.Gamma) * (float64(g.Gamma)*(1-2*t)*share*binaryCrossEntropy(x, t) + p - t)
		},
	},
}

func binaryCrossEntropy(x, t float64) float64 {
	return max(x, 0) - x*t + math.Log1p(math.Exp(-math.Abs(x)))
}

// miss is how far the probability of a logit is off its target.
func miss(x, t float64) float64 { return t*sigmoid(-x) + (1-t)*sigmoid(x) }

// balance is the weight of a target.
func balance(t float64, g kernels.ElementLoss) float64 {
	if g.Alpha == 0 {
		return 1
	}
	return t*float64(g.Alpha) + (1-t)*(1-float64(g.Alpha))
}

func runElementLossFprop(op kernels.ElementLossFprop, mem []kernels.Mem, w *Workers) {
	x, targets, labels, loss := mem[0].F32, mem[1].F32, mem[2].I32, mem[3].F32
	value := elementLosses[op.Function].value
	w.Run(op.N, func(_, n int) {
		loss[n] = 0
		if !isLabel(labels[n], op.K) {
			return
		}
		sum := 0.0
		for i := n * op.K; i < (n+1)*op.K; i++ {
			sum += value(float64(x[i]), float64(targets[i]), op.ElementLoss)
		}
		loss[n] = float32(sum / float64(op.K))
	})
}

func runElementLossDgrad(op kernels.ElementLossDgrad, mem []kernels.Mem, w *Workers) {
	x, targets, labels, dx := mem[0].F32, mem[1].F32, mem[2].I32, mem[3].F32
	gradient := elementLosses[op.Function].gradient
	scale := 1 / (float64(op.K) * float64(countExamples(labels, op.K)))
	w.Run(op.N, func(_, n int) {
		if !isLabel(labels[n], op.K) {
			clear(dx[n*op.K : (n+1)*op.K])
			return
		}
		for i := n * op.K; i < (n+1)*op.K; i++ {
			dx[i] = float32(gradient(float64(x[i]), float64(targets[i]), op.ElementLoss) * scale)
		}
	})
}
