package model

import (
	"cmp"
	"fmt"

	"cnn-gpu/kernels"
)

// Conv2DTranspose makes larger images of images [H W C]: each value is spread over a window of Filters feature maps, weighed by a filter of size Kernel,
// and where windows overlap they are summed (Zeiler et al., "Deconvolutional networks", CVPR 2010; Dumoulin and Visin, "A guide to convolution arithmetic
// for deep learning", 2016, chapter 4). It is the gradient of a convolution by its input, see [kernels.Conv2DDgrad], and the size of what it makes is in
// [kernels.NewTransposedWindow]: H·Strides with padding same. Parameters: kernel [R S Filters C] and bias [Filters].
type Conv2DTranspose struct {
	Filters             int         `yaml:"filters"`                                               // how many feature maps it makes
	Kernel              Pair        `yaml:"kernel_size"`                                           // the size of a filter
	Strides             Pair        `yaml:"strides,omitempty" default:"1"`                         // the steps from window to window in what it makes
	Padding             Padding     `yaml:"padding,omitempty" default:"valid"`                     // what it does at the border of what it makes: same cuts off what is beyond
	OutputPadding       *Pair       `yaml:"output_padding,omitempty" default:"null"`               // rows and columns more, at the bottom and the right, than the least that the windows fill; below the strides. As many as fill whole strides if not given
	Dilation            Pair        `yaml:"dilation_rate,omitempty" default:"1"`                   // the steps from tap to tap of a filter
	Activation          Function    `yaml:"activation,omitempty" default:"linear"`                 // what follows
	Bias                Bias        `yaml:"use_bias,omitempty" default:"true"`                     // whether a bias is added
	KernelInitializer   Initializer `yaml:"kernel_initializer,omitempty" default:"glorot_uniform"` // the filters' first values
	BiasInitializer     Initializer `yaml:"bias_initializer,omitempty" default:"zeros"`            // the bias's first values
	KernelRegularizer   Regularizer `yaml:"kernel_regularizer,omitempty" default:"none"`           // what large weights cost
	BiasRegularizer     Regularizer `yaml:"bias_regularizer,omitempty" default:"none"`             // what a large bias costs
	ActivityRegularizer Regularizer `yaml:"activity_regularizer,omitempty" default:"none"`         // what large outputs cost, behind the activation
}

// Kind implements [Spec].
func (Conv2DTranspose) Kind() string { return "Conv2DTranspose" }

func (s Conv2DTranspose) activation() Function { return s.Activation }

func (s Conv2DTranspose) activityRegularizer() Regularizer { return s.ActivityRegularizer }

// Build implements [Spec].
func (s Conv2DTranspose) Build(in []Shape) (Layer, error) {
	x, err := onlyImage(in)
	if err != nil {
		return nil, err
	}
	if s.Filters < 1 {
		return nil, fmt.Errorf("%d filters; give at least 1", s.Filters)
	}
	shape := Shape{s.Kernel[0], s.Kernel[1], s.Filters, x[2]}
	if err := checkSize("the kernel", shape); err != nil {
		return nil, err
	}
	padding, err := paddings.Find("padding", cmp.Or(s.Padding, Valid))
	if err != nil {
		return nil, err
	}
	strides, dilation := orOne(s.Strides), orOne(s.Dilation)
	if err := checkWindow(x, s.Kernel, strides, dilation, s.Filters); err != nil {
		return nil, err
	}
	w, err := kernels.NewTransposedWindow([2]int{x[0], x[1]}, s.Kernel, strides, dilation, padding, (*[2]int)(s.OutputPadding))
	if err != nil {
		return nil, err
	}
	if err := checkWindow(Shape{w.H, w.W, s.Filters}, s.Kernel, strides, dilation, x[2]); err != nil {
		return nil, err
	}
	return &conv2DTranspose{
		geometry: kernels.Conv2D{C: s.Filters, K: x[2], Window: w},
		kernel: &Param{
			Name: "kernel", Shape: shape, Initializer: cmp.Or(s.KernelInitializer, GlorotUniform),
			Regularizer: s.KernelRegularizer,
		},
		bias: s.Bias.param(s.Filters, s.BiasInitializer, s.BiasRegularizer),
	}, nil
}

// conv2DTranspose has the geometry of the convolution that makes its input's shape of its output's.
type conv2DTranspose struct {
	geometry     kernels.Conv2D
	kernel, bias *Param
}

func (l *conv2DTranspose) Out() Shape { return Shape{l.geometry.H, l.geometry.W, l.geometry.C} }

func (l *conv2DTranspose) Params() []*Param { return params(l.kernel, l.bias) }

func (l *conv2DTranspose) Forward(b *Binding) []kernels.Op {
	g := l.geometry
	g.N = b.Batch
	ops := []kernels.Op{kernels.Conv2DDgrad{Conv2D: g, DY: b.X[0], W: b.Param(l.kernel), DX: b.Y}}
	if l.bias != nil {
		rows := kernels.Binary{Function: kernels.Plus, N: 1, M: g.N * g.H * g.Window.W, K: g.C}
		ops = append(ops, kernels.BinaryFprop{Binary: rows, A: b.Y, B: b.Param(l.bias), Y: b.Y})
	}
	return ops
}

func (l *conv2DTranspose) Backward(b *Binding) []kernels.Op {
	g := l.geometry
	g.N = b.Batch
	ops := []kernels.Op{kernels.Conv2DWgrad{Conv2D: g, X: b.DY, DY: b.X[0], DW: b.Gradient(l.kernel)}}
	if l.bias != nil {
		ops = append(ops, kernels.BiasWgrad{M: g.N * g.H * g.Window.W, K: g.C, DY: b.DY, DB: b.Gradient(l.bias)})
	}
	if b.DX[0] != nil {
		ops = append(ops, kernels.Conv2DFprop{Conv2D: g, X: b.DY, W: b.Param(l.kernel), Y: b.DX[0]})
	}
	return ops
}
