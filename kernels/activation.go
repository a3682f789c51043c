package kernels

import "fmt"

// Function is an activation that works on each element by itself.
type Function uint8

// The functions. Each has a derivative that can be told from its value alone, so that the input need not be kept.
const (
	Linear  Function = iota // y = x
	ReLU                    // y = max(x, 0); its derivative at 0 is 0
	Sigmoid                 // y = 1/(1 + e^−x)
	Tanh                    // y = tanh x
	// LeakyReLU is y = x where x > 0, else Alpha·x with Alpha above 0 (Maas, Hannun and Ng, "Rectifier nonlinearities improve neural
	// network acoustic models", 2013, section 2); its derivative at 0 is Alpha.
	LeakyReLU
)

// functions are the words of the functions.
var functions = [...]struct{ name, parameter string }{
	Linear:    {name: "linear"},
	ReLU:      {name: "relu"},
	Sigmoid:   {name: "sigmoid"},
	Tanh:      {name: "tanh"},
	LeakyReLU: {name: "leaky_relu", parameter: "negative_slope"},
}

// Functions lists all functions.
func Functions() []Function {
	list := make([]Function, len(functions))
	for i := range list {
		list[i] = Function(i)
	}
	return list
}

func (f Function) String() string {
	if int(f) < len(functions) {
		return functions[f].name
	}
	return fmt.Sprintf("Function(%d)", uint8(f))
}

// Parameter is the name of the function's parameter, empty if it has none.
func (f Function) Parameter() string { return functions[f].parameter }

// Activation is a function with its parameter.
type Activation struct {
	Function
	Alpha float32 // 0 for a function without a parameter
}

func (a Activation) String() string {
	if a.Parameter() == "" {
		return a.Function.String()
	}
	return fmt.Sprintf("%v(%v)", a.Function, a.Alpha)
}

// ActivationFprop computes Y = f(X), element by element. X and Y may be the same buffer.
type ActivationFprop struct {
	Activation
	X, Y *Buffer
}

// Name implements [Op].
func (op ActivationFprop) Name() string { return "activation_fprop" }

// Operands implements [Op].
func (op ActivationFprop) Operands() []Operand {
	n := op.Y.Elements()
	return []Operand{Floats("x", op.X, Read, n), Floats("y", op.Y, Write, n)}
}

// Cost implements [Op].
func (op ActivationFprop) Cost() Cost { return CostOf(op, op.Y.Elements()) }

// ActivationDgrad computes DX = DY · f′(X) from Y = f(X). DY and DX may be the same buffer.
type ActivationDgrad struct {
	Activation
	Y, DY, DX *Buffer
}

// Name implements [Op].
func (op ActivationDgrad) Name() string { return "activation_dgrad" }

// Operands implements [Op].
func (op ActivationDgrad) Operands() []Operand {
	n := op.Y.Elements()
	return []Operand{Floats("y", op.Y, Read, n), Floats("dy", op.DY, Read, n), Floats("dx", op.DX, Write, n)}
}

// Cost implements [Op].
func (op ActivationDgrad) Cost() Cost { return CostOf(op, 3*op.DX.Elements()) }
