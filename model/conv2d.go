package model

import (
	"cmp"
	"fmt"

	"cnn-gpu/kernels"
)

// Conv2D slides Filters filters of size Kernel over images [H W C] and makes feature maps [P Q Filters]; see
// [kernels.Conv2D] for the formula. Parameters: kernel [R S C/Groups Filters] and bias [Filters].
type Conv2D struct {
	Filters             int         `yaml:"filters"`                                               // how many feature maps it makes
	Kernel              Pair        `yaml:"kernel_size"`                                           // the size of a filter
	Strides             Pair        `yaml:"strides,omitempty" default:"1"`                         // the steps from window to window
	Padding             Padding     `yaml:"padding,omitempty" default:"valid"`                     // what it does at the border
	Dilation            Pair        `yaml:"dilation_rate,omitempty" default:"1"`                   // the steps from tap to tap of a filter
	Groups              int         `yaml:"groups,omitempty" default:"1"`                          // into how many runs of channels and filters it falls apart, each filter seeing the channels of its run alone; it divides both
	Activation          Function    `yaml:"activation,omitempty" default:"linear"`                 // what follows
	Bias                Bias        `yaml:"use_bias,omitempty" default:"true"`                     // whether a bias is added
	KernelInitializer   Initializer `yaml:"kernel_initializer,omitempty" default:"glorot_uniform"` // the filters' first values
	BiasInitializer     Initializer `yaml:"bias_initializer,omitempty" default:"zeros"`            // the bias's first values
	KernelRegularizer   Regularizer `yaml:"kernel_regularizer,omitempty" default:"none"`           // what large weights cost
	BiasRegularizer     Regularizer `yaml:"bias_regularizer,omitempty" default:"none"`             // what a large bias costs
	ActivityRegularizer Regularizer `yaml:"activity_regularizer,omitempty" default:"none"`         // what large outputs cost, behind the activation
	KernelConstraint    Constraint  `yaml:"kernel_constraint,omitempty" default:"none"`            // what limits the weights of each filter after a training step
}

// Kind implements [Spec].
func (Conv2D) Kind() string { return "Conv2D" }

func (s Conv2D) activation() Function { return s.Activation }

func (s Conv2D) activityRegularizer() Regularizer { return s.ActivityRegularizer }

// Build implements [Spec].
func (s Conv2D) Build(in []Shape) (Layer, error) {
	x, err := onlyImage(in)
	if err != nil {
		return nil, err
	}
	if s.Filters < 1 {
		return nil, fmt.Errorf("%d filters; give at least 1", s.Filters)
	}
	groups := cmp.Or(s.Groups, 1)
	if groups < 1 || x[2]%groups+s.Filters%groups > 0 {
		return nil, fmt.Errorf("%d groups of the %d channels of %v and of %d filters; give a number that divides both, such as %d, or other filters",
			groups, x[2], x, s.Filters, divisor(x[2], s.Filters))
	}
	shape := Shape{s.Kernel[0], s.Kernel[1], x[2] / groups, s.Filters}
	if err := checkSize("the kernel", shape); err != nil {
		return nil, err
	}
	w, err := window(x, s.Kernel, s.Strides, s.Dilation, s.Padding, s.Filters)
	if err != nil {
		return nil, err
	}
	if err := s.KernelConstraint.check(); err != nil {
		return nil, err
	}
	l := &conv2D{geometry: kernels.Conv2D{C: x[2], K: s.Filters, Groups: groups, Window: w}}
	l.kernel = &Param{
		Name: "kernel", Shape: shape,
		Initializer: cmp.Or(s.KernelInitializer, GlorotUniform),
		Regularizer: s.KernelRegularizer, Constraint: s.KernelConstraint,
	}
	l.bias = s.Bias.param(s.Filters, s.BiasInitializer, s.BiasRegularizer)
	return l, nil
}

// divisor is the greatest number that divides both.
func divisor(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

type conv2D struct {
	geometry     kernels.Conv2D
	kernel, bias *Param
}

func (l *conv2D) Out() Shape { return Shape{l.geometry.P, l.geometry.Q, l.geometry.K} }

func (l *conv2D) Params() []*Param { return params(l.kernel, l.bias) }

func (l *conv2D) Forward(b *Binding) []kernels.Op {
	g := l.geometry
	g.N = b.Batch
	return []kernels.Op{kernels.Conv2DFprop{Conv2D: g, X: b.X[0], W: b.Param(l.kernel), B: b.Param(l.bias), Y: b.Y}}
}

func (l *conv2D) Backward(b *Binding) []kernels.Op {
	g := l.geometry
	g.N = b.Batch
	ops := []kernels.Op{kernels.Conv2DWgrad{Conv2D: g, X: b.X[0], DY: b.DY, DW: b.Gradient(l.kernel)}}
	if l.bias != nil {
		ops = append(ops, kernels.BiasWgrad{M: g.N * g.P * g.Q, K: g.K, DY: b.DY, DB: b.Gradient(l.bias)})
	}
	if b.DX[0] != nil {
		ops = append(ops, kernels.Conv2DDgrad{Conv2D: g, DY: b.DY, W: b.Param(l.kernel), DX: b.DX[0]})
	}
	return ops
}
