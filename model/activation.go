package model

import (
	"cmp"

	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
)

// Function is an activation: what a layer does to its output, or a layer of its own in [Activation].
type Function string

// The functions; the empty one is Linear. Softmax works on the whole vector, the others on each value by itself.
const (
	Linear            Function = "linear"       // x
	ReLU              Function = "relu"         // max(0, x)
	Sigmoid           Function = "sigmoid"      // 1 / (1 + e⁻ˣ)
	Tanh              Function = "tanh"         // the hyperbolic tangent
	LeakyReLUFunction Function = "leaky_relu"   // x above zero, 0.2·x below; the layer LeakyReLU has any slope
	ELUFunction       Function = "elu"          // x above zero, eˣ − 1 below; the layer ELU has any alpha
	SELU              Function = "selu"         // 1.0507·x above zero, 1.7581·(eˣ − 1) below, which keeps means at 0 and variances at 1
	ReLU6             Function = "relu6"        // min(max(0, x), 6); the layer ReLU has any limit
	HardSigmoid       Function = "hard_sigmoid" // min(max(0, x + 3), 6) / 6
	Softplus          Function = "softplus"     // ln(1 + eˣ)
	Softsign          Function = "softsign"     // x / (1 + the magnitude of x)
	Exponential       Function = "exponential"  // eˣ
	SiLU              Function = "silu"         // x·sigmoid(x)
	GELU              Function = "gelu"         // x·Φ(x), where Φ is the normal distribution's share below x
	GELUTanh          Function = "gelu_tanh"    // gelu as Keras approximates it with approximate=True, by a hyperbolic tangent
	HardSwish         Function = "hard_swish"   // x·hard_sigmoid(x)
	Mish              Function = "mish"         // x·tanh(softplus(x))
	Softmax           Function = "softmax"      // eˣ divided by the sum of those of the vector, which is the last axis
)

// functions are the layers that the functions stand for, by the shape of what goes in.
var functions = wording.Table[Function, func(Shape) Layer]{
	{Word: Linear, Value: func(x Shape) Layer { return linear{x} }},
	{Word: ReLU, Value: elementwise(kernels.ReLU, 0)},
	{Word: Sigmoid, Value: elementwise(kernels.Sigmoid, 0)},
	{Word: Tanh, Value: elementwise(kernels.Tanh, 0)},
	{Word: LeakyReLUFunction, Value: elementwise(kernels.LeakyReLU, 0.2)},
	{Word: ELUFunction, Value: elementwise(kernels.ELU, 1)},
	{Word: SELU, Value: elementwise(kernels.SELU, 0)},
	{Word: ReLU6, Value: elementwise(kernels.ReLU6, 6)},
	{Word: HardSigmoid, Value: elementwise(kernels.HardSigmoid, 0)},
	{Word: Softplus, Value: elementwise(kernels.Softplus, 0)},
	{Word: Softsign, Value: elementwise(kernels.Softsign, 0)},
	{Word: Exponential, Value: elementwise(kernels.Exponential, 0)},
	{Word: SiLU, Value: elementwise(kernels.SiLU, 0), Also: []Function{"swish"}},
	{Word: GELU, Value: elementwise(kernels.GELU, 0)},
	{Word: GELUTanh, Value: elementwise(kernels.GELUTanh, 0)},
	{Word: HardSwish, Value: elementwise(kernels.HardSwish, 0), Also: []Function{"hard_silu"}},
	{Word: Mish, Value: elementwise(kernels.Mish, 0)},
	{Word: Softmax, Value: func(x Shape) Layer { return softmax{x} }},
}.Lacking("an activation of Keras that cnn-gpu does not have", "celu", "glu", "hard_shrink", "hard_tanh", "log_sigmoid", "log_softmax",
	"soft_shrink", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "tanh_shrink", "threshold")

// first is the word that models print: "silu" for "swish". What is in no table stays.
func (f Function) first() Function {
	if row, ok := functions.Row(f); ok {
		return row.Word
	}
	return f
}

// Functions lists the activations.
func Functions() []Function { return functions.Words() }

func elementwise(f kernels.Function, alpha float32) func(Shape) Layer {
	return func(x Shape) Layer { return activation{x, kernels.Activation{Function: f, Alpha: alpha}} }
}

// Activation applies a function to its input. Softmax runs over the last axis.
type Activation struct {
	Function Function `yaml:"activation"` // which
}

// Kind implements [Spec].
func (Activation) Kind() string { return "Activation" }

// Build implements [Spec].
func (s Activation) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	layer, err := functions.Find("activation", cmp.Or(s.Function, Linear))
	if err != nil {
		return nil, err
	}
	return layer(x), nil
}

// linear passes its input on.
type linear struct{ shape Shape }

func (l linear) Out() Shape { return l.shape }

func (l linear) Params() []*Param { return nil }

func (l linear) Forward(b *Binding) []kernels.Op {
	b.Y = b.X[0]
	return nil
}

func (l linear) Backward(b *Binding) []kernels.Op {
	if b.DX[0] != nil {
		b.DX[0] = b.DY
	}
	return nil
}

type activation struct {
	shape    Shape
	function kernels.Activation
}

func (l activation) Out() Shape { return l.shape }

func (l activation) Params() []*Param { return nil }

func (l activation) Forward(b *Binding) []kernels.Op {
	return []kernels.Op{kernels.ActivationFprop{Activation: l.function, X: b.X[0], Y: b.Y}}
}

func (l activation) Backward(b *Binding) []kernels.Op {
	if b.DX[0] == nil {
		return nil
	}
	v := b.Y
	if l.function.FromX() {
		v = b.X[0]
	}
	return []kernels.Op{kernels.ActivationDgrad{Activation: l.function, V: v, DY: b.DY, DX: b.DX[0]}}
}

type softmax struct{ shape Shape }

func (l softmax) Out() Shape { return l.shape }

func (l softmax) Params() []*Param { return nil }

// rows is the number of vectors in a batch and their length.
func (l softmax) rows(b *Binding) (n, k int) {
	k = l.shape[len(l.shape)-1]
	return b.Batch * l.shape.Elements() / k, k
}

func (l softmax) Forward(b *Binding) []kernels.Op {
	n, k := l.rows(b)
	return []kernels.Op{kernels.SoftmaxFprop{N: n, K: k, X: b.X[0], Y: b.Y}}
}

func (l softmax) Backward(b *Binding) []kernels.Op {
	if b.DX[0] == nil {
		return nil
	}
	n, k := l.rows(b)
	return []kernels.Op{kernels.SoftmaxDgrad{N: n, K: k, Y: b.Y, DY: b.DY, DX: b.DX[0]}}
}
