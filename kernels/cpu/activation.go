package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

// activationCode computes a function: y = f(x), and dx = dy · f′(x) from v, which is x or y as the function says, with its parameter alpha.
type activationCode struct {
	value    func(y, x []float32, alpha float32)
	gradient func(dx, v, dy []float32, alpha float32)
}

var activations = map[kernels.Function]activationCode{
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
	kernels.ELU: byElement(
		func(x, alpha float64) float64 {
			if x > 0 {
				return x
			}
			return alpha * math.Expm1(x)
		},
		func(y, alpha float64) float64 {
			if y > 0 {
				return 1
			}
			return y + alpha
		},
	),
	kernels.SELU: byElement(
		func(x, _ float64) float64 {
			if x > 0 {
				return kernels.SELUScale * x
			}
			return kernels.SELUScale * kernels.SELUAlpha * math.Expm1(x)
		},
		func(y, _ float64) float64 {
			if y > 0 {
				return kernels.SELUScale
			}
			return y + kernels.SELUScale*kernels.SELUAlpha
		},
	),
	kernels.ReLU6: {clamp, clampGradient},
	kernels.HardSigmoid: byElement(
		func(x, _ float64) float64 { return min(max(x+3, 0), 6) / 6 },
		func(y, _ float64) float64 { return slopeWithin(y, 1, 1./6) },
	),
	kernels.Softplus: byElement(
		func(x, _ float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) },
		func(y, _ float64) float64 { return -math.Expm1(-y) },
	),
	kernels.Softsign: byElement(
		func(x, _ float64) float64 {
			x = min(max(x, -1e30), 1e30) // the quotient of two infinities is no number
			return x / (1 + math.Abs(x))
		},
		func(y, _ float64) float64 { return (1 - math.Abs(y)) * (1 - math.Abs(y)) },
	),
	kernels.Exponential: byElement(
		func(x, _ float64) float64 { return math.Exp(x) },
		func(y, _ float64) float64 { return y },
	),
	kernels.SiLU: byElement(
		func(x, _ float64) float64 {
			x = max(x, -far)
			return x * sigmoid(x)
		},
		func(x, _ float64) float64 {
			x = min(max(x, -far), far)
			return sigmoid(x) * (1 + x*sigmoid(-x))
		},
	),
	kernels.GELU: byElement(
		func(x, _ float64) float64 {
			x = max(x, -far)
			return x * math.Erfc(-x/math.Sqrt2) / 2
		},
		func(x, _ float64) float64 {
			x = min(max(x, -far), far)
			return math.Erfc(-x/math.Sqrt2)/2 + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
		},
	),
	kernels.GELUTanh: byElement(
		func(x, _ float64) float64 {
			x = max(x, -far)
			return x * sigmoid(x*(geluLinear+geluCubic*x*x))
		},
		func(x, _ float64) float64 {
			x = min(max(x, -far), far)
			z := x * (geluLinear + geluCubic*x*x)
			return sigmoid(z) * (1 + x*sigmoid(-z)*(geluLinear+3*geluCubic*x*x))
		},
	),
	kernels.HardSwish: byElement(
		func(x, _ float64) float64 {
			x = max(x, -3)
			return x * (min(x+3, 6) / 6)
		},
		func(x, _ float64) float64 {
			switch {
			case x <= -3:
				return 0
			case x >= 3:
				return 1
			}
			return x/3 + 0.5
		},
	),
	// With e = e^x and n = e·(e+2), tanh(ln(1+e)) is n/(n+2). Above 20 that is 1, and higher powers would overflow.
	kernels.Mish: byElement(
		func(x, _ float64) float64 {
			x = max(x, -far)
			e := math.Exp(min(x, 20))
			n := e * (e + 2)
			return x * (n / (n + 2))
		},
		func(x, _ float64) float64 {
			x = min(max(x, -far), 20)
			e := math.Exp(x)
			n := e * (e + 2)
			return (n + 4*x*e*(e+1)/(n+2)) / (n + 2)
		},
	),
}

// far is so far from 0 that far·e^−far is 0 in float32. What lies beyond is taken for it, since infinities would make NaN.
const far = 200

// GELU's approximation is x·sigmoid(geluLinear·x + geluCubic·x³).
const (
	geluLinear = 2 * math.Sqrt2 / math.SqrtPi
	geluCubic  = geluLinear * 0.044715
)

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// byElement is the code of a function that is written in float64, of x and of what its derivative is told from.
func byElement(value, derivative func(v, alpha float64) float64) activationCode {
	return activationCode{
		func(y, x []float32, alpha float32) {
			for i, v := range x {
				y[i] = float32(value(float64(v), float64(alpha)))
			}
		},
		func(dx, v, dy []float32, alpha float32) {
			for i, d := range dy {
				dx[i] = float32(float64(d) * derivative(float64(v[i]), float64(alpha)))
			}
		},
	}
}

// slopeWithin is the derivative of a function that rises steadily from 0 to top and is flat beyond both.
func slopeWithin(y, top, slope float64) float64 {
	if 0 < y && y < top {
		return slope
	}
	return 0
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
