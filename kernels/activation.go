package kernels

import (
	"fmt"
	"math"
)

// Function is an activation that works on each element by itself.
type Function uint8

// The functions. Each has a derivative that can be told from its value alone, so that the input need not be kept.
const (
	Linear  Function = iota // y = x
	ReLU                    // y = max(x, 0); its derivative at 0 is 0
	Sigmoid                 // y = 1/(1 + e^−x)
	Tanh                    // y = tanh x
)

var functionNames = [...]string{"linear", "relu", "sigmoid", "tanh"}

func (f Function) String() string {
	if int(f) < len(functionNames) {
		return functionNames[f]
	}
	return fmt.Sprintf("Function(%d)", uint8(f))
}

// ActivationFprop computes Y = f(X), element by element. X and Y may be the same buffer.
type ActivationFprop struct {
	Function
	X, Y *Buffer
}

// Name implements [Op].
func (op ActivationFprop) Name() string { return "activation_fprop" }

// Operands implements [Op].
func (op ActivationFprop) Operands() []Operand {
	n := op.Y.Elements()
	return []Operand{floats("x", op.X, Read, n), floats("y", op.Y, Write, n)}
}

// Cost implements [Op].
func (op ActivationFprop) Cost() Cost { return cost(op, op.Y.Elements()) }

// Host implements [Op].
func (op ActivationFprop) Host(mem []Mem, w *Workers) {
	w.Range(len(mem[0].F32), func(lo, hi int) {
		x := mem[0].F32[lo:hi]
		y := mem[1].F32[lo:][:len(x)]
		switch op.Function {
		case Linear:
			copy(y, x)
		case ReLU:
			for i, v := range x {
				y[i] = relu(v)
			}
		case Sigmoid:
			for i, v := range x {
				y[i] = float32(1 / (1 + math.Exp(-float64(v))))
			}
		case Tanh:
			for i, v := range x {
				y[i] = float32(math.Tanh(float64(v)))
			}
		}
	})
}

// Launches implements [Op].
func (op ActivationFprop) Launches() []Launch {
	return []Launch{op.launch("activation_fprop", op.Y.Elements())}
}

func (f Function) launch(function string, elements int) Launch {
	return perElement("activation.cu", function, elements, define("ELEMENTS", elements, "FUNCTION", uint8(f))...)
}

// relu is max(v, 0) and keeps NaN, without a branch that random signs would mispredict.
func relu(v float32) float32 { return max(v, 0) }

// ActivationDgrad computes DX = DY · f′(X) from Y = f(X). DY and DX may be the same buffer.
type ActivationDgrad struct {
	Function
	Y, DY, DX *Buffer
}

// Name implements [Op].
func (op ActivationDgrad) Name() string { return "activation_dgrad" }

// Operands implements [Op].
func (op ActivationDgrad) Operands() []Operand {
	n := op.Y.Elements()
	return []Operand{floats("y", op.Y, Read, n), floats("dy", op.DY, Read, n), floats("dx", op.DX, Write, n)}
}

// Cost implements [Op].
func (op ActivationDgrad) Cost() Cost { return cost(op, 3*op.DX.Elements()) }

// Host implements [Op].
func (op ActivationDgrad) Host(mem []Mem, w *Workers) {
	w.Range(len(mem[0].F32), func(lo, hi int) {
		y := mem[0].F32[lo:hi]
		dy, dx := mem[1].F32[lo:][:len(y)], mem[2].F32[lo:][:len(y)]
		switch op.Function {
		case Linear:
			copy(dx, dy)
		case ReLU:
			for i, v := range y {
				// All ones where v > 0: the sign of −v, spread over the word. A branch would be mispredicted half the time.
				mask := uint32(int32(-math.Float32bits(v)) >> 31)
				dx[i] = math.Float32frombits(math.Float32bits(dy[i]) & mask)
			}
		case Sigmoid:
			for i, v := range y {
				dx[i] = dy[i] * v * (1 - v)
			}
		case Tanh:
			for i, v := range y {
				dx[i] = dy[i] * (1 - v*v)
			}
		}
	})
}

// Launches implements [Op].
func (op ActivationDgrad) Launches() []Launch {
	return []Launch{op.launch("activation_dgrad", op.DX.Elements())}
}
