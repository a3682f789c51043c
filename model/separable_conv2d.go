package model

import (
	"cmp"
	"fmt"

	"cnn-gpu/kernels"
)

// SeparableConv2D slides DepthMultiplier filters of size Kernel over each channel of images [H W C] by itself, and then mixes the channels of each
// position: a DepthwiseConv2D without bias, and behind it a Conv2D of size 1 to Filters feature maps [P Q Filters] (Chollet, "Xception", CVPR
// 2017, section 1.2). Parameters: depthwise_kernel [R S C DepthMultiplier], pointwise_kernel [1 1 C·DepthMultiplier Filters] and bias [Filters].
type SeparableConv2D struct {
	Filters              int         `yaml:"filters"`                                                  // how many feature maps it makes
	Kernel               Pair        `yaml:"kernel_size"`                                              // the size of a filter over one channel
	Strides              Pair        `yaml:"strides,omitempty" default:"1"`                            // the steps from window to window
	Padding              Padding     `yaml:"padding,omitempty" default:"valid"`                        // what it does at the border
	Dilation             Pair        `yaml:"dilation_rate,omitempty" default:"1"`                      // the steps from tap to tap of a filter
	DepthMultiplier      int         `yaml:"depth_multiplier,omitempty" default:"1"`                   // how many values it makes of each channel before they are mixed
	Activation           Function    `yaml:"activation,omitempty" default:"linear"`                    // what follows
	Bias                 Bias        `yaml:"use_bias,omitempty" default:"true"`                        // whether a bias is added
	DepthwiseInitializer Initializer `yaml:"depthwise_initializer,omitempty" default:"glorot_uniform"` // the first values of the filters over one channel
	PointwiseInitializer Initializer `yaml:"pointwise_initializer,omitempty" default:"glorot_uniform"` // the first values of what mixes them
	BiasInitializer      Initializer `yaml:"bias_initializer,omitempty" default:"zeros"`               // the bias's first values
	DepthwiseRegularizer Regularizer `yaml:"depthwise_regularizer,omitempty" default:"none"`           // what large weights of the filters over one channel cost
	PointwiseRegularizer Regularizer `yaml:"pointwise_regularizer,omitempty" default:"none"`           // what large weights cost of what mixes them
	BiasRegularizer      Regularizer `yaml:"bias_regularizer,omitempty" default:"none"`                // what a large bias costs
	ActivityRegularizer  Regularizer `yaml:"activity_regularizer,omitempty" default:"none"`            // what large outputs cost, behind the activation
}

// Kind implements [Spec].
func (SeparableConv2D) Kind() string { return "SeparableConv2D" }

func (s SeparableConv2D) activation() Function { return s.Activation }

func (s SeparableConv2D) activityRegularizer() Regularizer { return s.ActivityRegularizer }

// Build implements [Spec].
func (s SeparableConv2D) Build(in []Shape) (Layer, error) {
	x, err := onlyImage(in)
	if err != nil {
		return nil, err
	}
	if s.Filters < 1 {
		return nil, fmt.Errorf("%d filters; give at least 1", s.Filters)
	}
	first := &conv2D{}
	if first.geometry, first.kernel, err = depthwise("depthwise_kernel", x, s.Kernel, s.Strides, s.Padding, s.DepthMultiplier, s.Dilation, s.DepthwiseInitializer); err != nil {
		return nil, err
	}
	first.kernel.Regularizer = s.DepthwiseRegularizer
	between := first.Out()
	shape := Shape{1, 1, between[2], s.Filters}
	if err := checkSize("the pointwise_kernel", shape); err != nil {
		return nil, err
	}
	w, err := window(between, Pair{1, 1}, Pair{}, Pair{}, Valid, s.Filters)
	if err != nil {
		return nil, err
	}
	second := &conv2D{
		geometry: kernels.Conv2D{C: between[2], K: s.Filters, Window: w},
		kernel: &Param{
			Name: "pointwise_kernel", Shape: shape, Initializer: cmp.Or(s.PointwiseInitializer, GlorotUniform),
			Regularizer: s.PointwiseRegularizer,
		},
		bias: s.Bias.param(s.Filters, s.BiasInitializer, s.BiasRegularizer),
	}
	return &separableConv2D{first, second}, nil
}

// separableConv2D is two convolutions, of which nobody sees what the first hands to the second.
type separableConv2D struct{ depthwise, pointwise *conv2D }

func (l *separableConv2D) Out() Shape { return l.pointwise.Out() }

func (l *separableConv2D) Params() []*Param {
	return append(l.depthwise.Params(), l.pointwise.Params()...)
}

// bindings are those of the two convolutions.
func (l *separableConv2D) bindings(b *Binding) (first, second *Binding) {
	handed := func(name string) *kernels.Buffer {
		return b.Save(name, kernels.Float32, batched(b.Batch, l.depthwise.Out())...)
	}
	depthwise, pointwise := *b, *b
	depthwise.Y = handed("depthwise")
	pointwise.X = []*kernels.Buffer{depthwise.Y}
	if b.DY != nil {
		depthwise.DY = handed("d depthwise")
		pointwise.DX = []*kernels.Buffer{depthwise.DY}
	}
	return &depthwise, &pointwise
}

func (l *separableConv2D) Forward(b *Binding) []kernels.Op {
	first, second := l.bindings(b)
	return append(l.depthwise.Forward(first), l.pointwise.Forward(second)...)
}

func (l *separableConv2D) Backward(b *Binding) []kernels.Op {
	first, second := l.bindings(b)
	return append(l.pointwise.Backward(second), l.depthwise.Backward(first)...)
}
