package kernels

import "fmt"

// Function is an activation that works on each element by itself.
type Function uint8

// The functions. Down to Exponential each has a derivative that can be told from its value alone, so that the input need not be kept; those
// behind it fall and rise, so that it takes the input.
const (
	Linear  Function = iota // y = x
	ReLU                    // y = max(x, 0); its derivative at 0 is 0
	Sigmoid                 // y = 1/(1 + e^−x)
	Tanh                    // y = tanh x
	// LeakyReLU is y = x where x > 0, else Alpha·x with Alpha above 0 (Maas, Hannun and Ng, "Rectifier nonlinearities improve neural
	// network acoustic models", 2013, section 2); its derivative at 0 is Alpha.
	LeakyReLU
	// ELU is y = x where x > 0, else Alpha·(e^x − 1) with Alpha above 0 (Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network
	// learning by exponential linear units (ELUs)", 2016, section 3); its derivative at 0 is Alpha.
	ELU
	// SELU is [SELUScale] times the ELU whose Alpha is [SELUAlpha] (Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing neural
	// networks", 2017, section 2).
	SELU
	// ReLU6 is y = min(max(x, 0), Alpha) with Alpha above 0, which is 6 in Krizhevsky, "Convolutional deep belief networks on CIFAR-10",
	// 2010; its derivative is 0 at 0 and at Alpha.
	ReLU6
	// HardSigmoid is y = min(max(x + 3, 0), 6)/6 (Howard and others, "Searching for MobileNetV3", 2019, section 5.2); its derivative is 0 at
	// −3 and at 3.
	HardSigmoid
	// Softplus is y = ln(1 + e^x) (Dugas, Bengio, Bélisle, Nadeau and Garcia, "Incorporating second-order functional knowledge for better
	// option pricing", 2001).
	Softplus
	// Softsign is y = x/(1 + |x|) (Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010).
	Softsign
	Exponential // y = e^x
	// SiLU is y = x·sigmoid(x) (Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function approximation in
	// reinforcement learning", 2018, section 2); Ramachandran, Zoph and Le, "Searching for activation functions", 2017, call it swish.
	SiLU
	// GELU is y = x·Φ(x) with Φ(x) = (1 + erf(x/√2))/2 (Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", 2016, section 2).
	GELU
	// GELUTanh is that paper's approximation y = x·(1 + tanh u)/2 with u = √(2/π)·(x + 0.044715·x³). It is x·sigmoid(2u).
	GELUTanh
	// HardSwish is y = x·min(max(x + 3, 0), 6)/6 (Howard and others, as HardSigmoid); its derivative is 0 at −3 and 1 at 3.
	HardSwish
	// Mish is y = x·tanh(ln(1 + e^x)) (Misra, "Mish: a self regularized non-monotonic activation function", 2020).
	Mish
)

// The constants of SELU, with which means of 0 and variances of 1 stay: its paper solves for them.
const (
	SELUAlpha = 1.6732632423543772848170429916717
	SELUScale = 1.0507009873554804934193349852946
)

// functions are the words of the functions, and whether the derivative takes x.
var functions = [...]struct {
	name, parameter string
	fromX           bool
}{
	Linear:      {name: "linear"},
	ReLU:        {name: "relu"},
	Sigmoid:     {name: "sigmoid"},
	Tanh:        {name: "tanh"},
	LeakyReLU:   {name: "leaky_relu", parameter: "negative_slope"},
	ELU:         {name: "elu", parameter: "alpha"},
	SELU:        {name: "selu"},
	ReLU6:       {name: "relu6", parameter: "max_value"},
	HardSigmoid: {name: "hard_sigmoid"},
	Softplus:    {name: "softplus"},
	Softsign:    {name: "softsign"},
	Exponential: {name: "exponential"},
	SiLU:        {name: "silu", fromX: true},
	GELU:        {name: "gelu", fromX: true},
	GELUTanh:    {name: "gelu_tanh", fromX: true},
	HardSwish:   {name: "hard_swish", fromX: true},
	Mish:        {name: "mish", fromX: true},
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

// FromX says that the derivative is told from x; that of any other function is told from y = f(x).
func (f Function) FromX() bool { return int(f) < len(functions) && functions[f].fromX }

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

// ActivationDgrad computes DX = DY · f′(X) from V, which is X if the function is [Function.FromX], else Y = f(X). DY and DX may be the same
// buffer.
type ActivationDgrad struct {
	Activation
	V, DY, DX *Buffer
}

// Name implements [Op].
func (op ActivationDgrad) Name() string { return "activation_dgrad" }

// Operands implements [Op].
func (op ActivationDgrad) Operands() []Operand {
	n := op.V.Elements()
	return []Operand{Floats("v", op.V, Read, n), Floats("dy", op.DY, Read, n), Floats("dx", op.DX, Write, n)}
}

// Cost implements [Op].
func (op ActivationDgrad) Cost() Cost { return CostOf(op, 3*op.DX.Elements()) }
