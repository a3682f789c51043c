package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

// activations computes each function: y = f(x), and dx = dy · f′(x) from y = f(x), with the function's parameter alpha.
var activations = map[kernels.Function]struct {
	value    func(y, x []float32, alpha float32)
	gradient func(dx, y, dy []float32, alpha float32)
}{
	kernels.Linear: {
		func(y, x []float32, _ float32) { copy(y, x) },
		func(dx, _, dy []float32, _ float32) { copy(dx, dy) },
	},
	kernels.ReLU: {
		func(y, x []float32, _ float32) { relu(y, x) },
		func(dx, y, dy []float32, _ float32) { reluGradient(dx, y, dy) },
	},
	kernels.Sigmoid: {
		func(y, x []float32, _ float32) {
			for i, v := range x {
				y[i] = float32(1 / (1 + math.Exp(-float64(v))))
			}
		},
		func(dx, y, dy []float32, _ float32) { sigmoidGradient(dx, y, dy) },
	},
	kernels.Tanh: {
		func(y, x []float32, _ float32) {
			for i, v := range x {
				y[i] = float32(math.Tanh(float64(v)))
			}
		},
		func(dx, y, dy []float32, _ float32) { tanhGradient(dx, y, dy) },
	},
	kernels.LeakyReLU: {
		func(y, x []float32, alpha float32) {
			for i, v := range x {
				if v < 0 {
					v *= alpha
				}
				y[i] = v
			}
		},
		func(dx, y, dy []float32, alpha float32) {
			for i, v := range dy {
				if !(y[i] > 0) {
					v *= alpha
				}
				dx[i] = v
			}
		},
	},
}

type activationFpropCode struct{ kernels.ActivationFprop }

func (op activationFpropCode) prepare(int) Routine {
	value := activations[op.Function].value
	return elementwise(op.chunking(), []int{0, 1}, func(mem [3][]float32) { value(mem[1], mem[0], op.Alpha) })
}

func (op activationFpropCode) chunking() chunking { return chunkingOf(op.Y) }

type activationDgradCode struct{ kernels.ActivationDgrad }

func (op activationDgradCode) prepare(int) Routine {
	gradient := activations[op.Function].gradient
	return elementwise(op.chunking(), []int{0, 1, 2}, func(mem [3][]float32) { gradient(mem[2], mem[0], mem[1], op.Alpha) })
}

func (op activationDgradCode) chunking() chunking { return chunkingOf(op.DX) }
