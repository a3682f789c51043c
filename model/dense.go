package model

import (
	"cmp"
	"fmt"
	"slices"

	"cnn-gpu/kernels"
)

// Dense connects each of Units outputs to every input: Y = X·kernel + bias for vectors X [C], which becomes [Units]. Where there are more axes, it
// does so for the vector at each place: an image [H W C] becomes [H W Units], by the same weights everywhere. A Flatten before it makes one vector
// of an image. Parameters: kernel [C Units] and bias [Units].
type Dense struct {
	Units               int         `yaml:"units"`                                                 // how many outputs it has
	Activation          Function    `yaml:"activation,omitempty" default:"linear"`                 // what follows
	Bias                Bias        `yaml:"use_bias,omitempty" default:"true"`                     // whether a bias is added
	KernelInitializer   Initializer `yaml:"kernel_initializer,omitempty" default:"glorot_uniform"` // the weights' first values
	BiasInitializer     Initializer `yaml:"bias_initializer,omitempty" default:"zeros"`            // the bias's first values
	KernelRegularizer   Regularizer `yaml:"kernel_regularizer,omitempty" default:"none"`           // what large weights cost
	BiasRegularizer     Regularizer `yaml:"bias_regularizer,omitempty" default:"none"`             // what a large bias costs
	ActivityRegularizer Regularizer `yaml:"activity_regularizer,omitempty" default:"none"`         // what large outputs cost, behind the activation
	KernelConstraint    Constraint  `yaml:"kernel_constraint,omitempty" default:"none"`            // what limits the weights of each unit after a training step
}

// Kind implements [Spec].
func (Dense) Kind() string { return "Dense" }

func (s Dense) activation() Function { return s.Activation }

func (s Dense) activityRegularizer() Regularizer { return s.ActivityRegularizer }

// Build implements [Spec].
func (s Dense) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	if s.Units < 1 {
		return nil, fmt.Errorf("%d units; give at least 1", s.Units)
	}
	if err := s.KernelConstraint.check(); err != nil {
		return nil, err
	}
	last := len(x) - 1
	inputs := x[last]
	l := &dense{
		out:      append(slices.Clone(x[:last]), s.Units),
		geometry: kernels.Dense{N: x[:last].Elements(), C: inputs, K: s.Units},
	}
	l.kernel = &Param{
		Name: "kernel", Shape: Shape{inputs, s.Units},
		Initializer: cmp.Or(s.KernelInitializer, GlorotUniform),
		Regularizer: s.KernelRegularizer, Constraint: s.KernelConstraint,
	}
	l.bias = s.Bias.param(s.Units, s.BiasInitializer, s.BiasRegularizer)
	return l, nil
}

type dense struct {
	out          Shape
	geometry     kernels.Dense // of one example
	kernel, bias *Param
}

func (l *dense) Out() Shape { return l.out }

func (l *dense) Params() []*Param { return params(l.kernel, l.bias) }

func (l *dense) Forward(b *Binding) []kernels.Op {
	g := l.geometry
	g.N *= b.Batch
	return []kernels.Op{kernels.DenseFprop{Dense: g, X: b.X[0], W: b.Param(l.kernel), B: b.Param(l.bias), Y: b.Y}}
}

func (l *dense) Backward(b *Binding) []kernels.Op {
	g := l.geometry
	g.N *= b.Batch
	ops := []kernels.Op{kernels.DenseWgrad{Dense: g, X: b.X[0], DY: b.DY, DW: b.Gradient(l.kernel)}}
	if l.bias != nil {
		ops = append(ops, kernels.BiasWgrad{M: g.N, K: g.K, DY: b.DY, DB: b.Gradient(l.bias)})
	}
	if b.DX[0] != nil {
		ops = append(ops, kernels.DenseDgrad{Dense: g, DY: b.DY, W: b.Param(l.kernel), DX: b.DX[0]})
	}
	return ops
}
