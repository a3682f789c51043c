package model

import (
	"cmp"
	"fmt"

	"cnn-gpu/kernels"
)

// PReLU passes on what is above zero and multiplies what is below by a slope that is learnt; see [kernels.PReLU] for the source. Each value of
// an example has a slope of its own, but for those that differ in the shared axes alone. Parameter: alpha, of the input's shape with 1 for each
// shared axis.
type PReLU struct {
	SharedAxes       Axes        `yaml:"shared_axes,omitempty" default:"[]"`          // the axes over which slopes are shared: `[1, 2]` is one slope for each channel
	AlphaInitializer Initializer `yaml:"alpha_initializer,omitempty" default:"zeros"` // the slopes' first values
}

// Axes is a number of axes of an example, the first ones: its height, its width and its channels. In a file it is their list, counted from 1.
type Axes int

func (a Axes) list() []int {
	list := make([]int, a)
	for i := range list {
		list[i] = i + 1
	}
	return list
}

// Kind implements [Spec].
func (PReLU) Kind() string { return "PReLU" }

// Build implements [Spec].
func (s PReLU) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	shared := int(s.SharedAxes)
	if shared < 0 || shared > len(x) {
		return nil, fmt.Errorf("slopes shared over %d axes of %v; give from 0 to %d", shared, x, len(x))
	}
	shape := make(Shape, len(x))
	for i := range shape {
		shape[i] = 1
	}
	copy(shape[shared:], x[shared:])
	alpha := &Param{Name: "alpha", Shape: shape, Initializer: cmp.Or(s.AlphaInitializer, Zeros)}
	return &prelu{shape: x, alpha: alpha}, nil
}

type prelu struct {
	shape Shape
	alpha *Param
}

func (l *prelu) Out() Shape { return l.shape }

func (l *prelu) Params() []*Param { return []*Param{l.alpha} }

func (l *prelu) geometry(b *Binding) kernels.PReLU {
	k := l.alpha.Shape.Elements()
	return kernels.PReLU{M: b.Batch * l.shape.Elements() / k, K: k}
}

func (l *prelu) Forward(b *Binding) []kernels.Op {
	return []kernels.Op{kernels.PReLUFprop{PReLU: l.geometry(b), X: b.X[0], A: b.Param(l.alpha), Y: b.Y}}
}

func (l *prelu) Backward(b *Binding) []kernels.Op {
	g := l.geometry(b)
	terms := kernels.NewBuffer("terms of "+l.alpha.Name, kernels.Float32, batched(b.Batch, l.shape)...)
	ops := []kernels.Op{
		kernels.PReLUTerms{PReLU: g, X: b.X[0], DY: b.DY, T: terms},
		kernels.BiasWgrad{M: g.M, K: g.K, DY: terms, DB: b.Gradient(l.alpha)},
	}
	if b.DX[0] != nil {
		ops = append(ops, kernels.PReLUDgrad{PReLU: g, X: b.X[0], A: b.Param(l.alpha), DY: b.DY, DX: b.DX[0]})
	}
	return ops
}
