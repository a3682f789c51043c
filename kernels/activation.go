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
func (op ActivationFprop) Host(mem []Mem, w *Workers) { prepareAndRun(op, mem, w) }

// Prepare implements [Preparer].
func (op ActivationFprop) Prepare(int) Routine {
	return elementwise(op.Slicing(), []int{0, 1}, func(mem [3][]float32) {
		y, x := mem[1], mem[0]
		switch op.Function {
		case Linear:
			copy(y, x)
		case ReLU:
			relu(y, x)
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

// Slicing implements [Slicer].
func (op ActivationFprop) Slicing() Slicing { return slicingOf(op.Y) }

// Launches implements [Op].
func (op ActivationFprop) Launches() []Launch {
	return []Launch{op.launch("activation_fprop", op.Y.Elements())}
}

func (f Function) launch(function string, elements int) Launch {
	return perElement("activation.cu", function, elements, define("ELEMENTS", elements, "FUNCTION", uint8(f))...)
}

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
func (op ActivationDgrad) Host(mem []Mem, w *Workers) { prepareAndRun(op, mem, w) }

// Prepare implements [Preparer].
func (op ActivationDgrad) Prepare(int) Routine {
	return elementwise(op.Slicing(), []int{0, 1, 2}, func(mem [3][]float32) {
		y, dy, dx := mem[0], mem[1], mem[2]
		switch op.Function {
		case Linear:
			copy(dx, dy)
		case ReLU:
			reluGradient(dx, y, dy)
		case Sigmoid:
			sigmoidGradient(dx, y, dy)
		case Tanh:
			tanhGradient(dx, y, dy)
		}
	})
}

// Slicing implements [Slicer].
func (op ActivationDgrad) Slicing() Slicing { return slicingOf(op.DX) }

// Launches implements [Op].
func (op ActivationDgrad) Launches() []Launch {
	return []Launch{op.launch("activation_dgrad", op.DX.Elements())}
}
