package model

import (
	"fmt"

	"cnn-gpu/kernels"
)

// Function is an activation: what a layer does to its output, or a layer of its own in [Activation].
type Function string

// The functions; the empty one is Linear. Softmax works on the whole vector, the others on each value by itself.
const (
	Linear  Function = "linear"
	ReLU    Function = "relu"
	Sigmoid Function = "sigmoid"
	Tanh    Function = "tanh"
	Softmax Function = "softmax"
)

// elementwise are the functions that work on each value by itself.
var elementwise = map[Function]kernels.Function{
	"": kernels.Linear, Linear: kernels.Linear, ReLU: kernels.ReLU, Sigmoid: kernels.Sigmoid, Tanh: kernels.Tanh,
}

// Activation applies a function to its input. Softmax runs over the last axis.
type Activation struct {
	Function Function `yaml:"activation"`
}

// Kind implements [Spec].
func (Activation) Kind() string { return "Activation" }

// Build implements [Spec].
func (s Activation) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	f, ok := elementwise[s.Function]
	switch {
	case s.Function == Softmax:
		return softmax{x}, nil
	case !ok:
		return nil, fmt.Errorf("unknown activation %q; choose linear, relu, sigmoid, tanh or softmax", string(s.Function))
	case f == kernels.Linear:
		return linear{x}, nil
	}
	return activation{x, f}, nil
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
	function kernels.Function
}

func (l activation) Out() Shape { return l.shape }

func (l activation) Params() []*Param { return nil }

func (l activation) Forward(b *Binding) []kernels.Op {
	return []kernels.Op{kernels.ActivationFprop{Function: l.function, X: b.X[0], Y: b.Y}}
}

func (l activation) Backward(b *Binding) []kernels.Op {
	if b.DX[0] == nil {
		return nil
	}
	return []kernels.Op{kernels.ActivationDgrad{Function: l.function, Y: b.Y, DY: b.DY, DX: b.DX[0]}}
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
