package model

import (
	"cmp"
	"fmt"

	"cnn-gpu/kernels"
)

// DepthwiseConv2D slides DepthMultiplier filters of size Kernel over each channel of images [H W C] by itself and makes feature maps
// [P Q C·DepthMultiplier], those of a channel next to each other: a convolution with a group for each channel, see [kernels.Conv2D]
// for the formula. Followed by a Conv2D of size 1 it takes the place of a whole convolution for a fraction of the work (Howard et al.,
// "MobileNets", 2017, section 3.1). Parameters: kernel [R S C DepthMultiplier] and bias [C·DepthMultiplier].
type DepthwiseConv2D struct {
	Kernel               Pair        `yaml:"kernel_size"`                                              // the size of a filter
	Strides              Pair        `yaml:"strides,omitempty" default:"1"`                            // the steps from window to window
	Padding              Padding     `yaml:"padding,omitempty" default:"valid"`                        // what it does at the border
	DepthMultiplier      int         `yaml:"depth_multiplier,omitempty" default:"1"`                   // how many feature maps it makes of each channel
	Dilation             Pair        `yaml:"dilation_rate,omitempty" default:"1"`                      // the steps from tap to tap of a filter
	Activation           Function    `yaml:"activation,omitempty" default:"linear"`                    // what follows
	Bias                 Bias        `yaml:"use_bias,omitempty" default:"true"`                        // whether a bias is added
	DepthwiseInitializer Initializer `yaml:"depthwise_initializer,omitempty" default:"glorot_uniform"` // the filters' first values
	BiasInitializer      Initializer `yaml:"bias_initializer,omitempty" default:"zeros"`               // the bias's first values
	DepthwiseRegularizer Regularizer `yaml:"depthwise_regularizer,omitempty" default:"none"`           // what large weights cost
	BiasRegularizer      Regularizer `yaml:"bias_regularizer,omitempty" default:"none"`                // what a large bias costs
	ActivityRegularizer  Regularizer `yaml:"activity_regularizer,omitempty" default:"none"`            // what large outputs cost, behind the activation
}

// Kind implements [Spec].
func (DepthwiseConv2D) Kind() string { return "DepthwiseConv2D" }

func (s DepthwiseConv2D) activation() Function { return s.Activation }

func (s DepthwiseConv2D) activityRegularizer() Regularizer { return s.ActivityRegularizer }

// Build implements [Spec].
func (s DepthwiseConv2D) Build(in []Shape) (Layer, error) {
	x, err := onlyImage(in)
	if err != nil {
		return nil, err
	}
	l := &conv2D{}
	if l.geometry, l.kernel, err = depthwise("kernel", x, s.Kernel, s.Strides, s.Padding, s.DepthMultiplier, s.Dilation, s.DepthwiseInitializer); err != nil {
		return nil, err
	}
	l.kernel.Regularizer = s.DepthwiseRegularizer
	l.bias = s.Bias.param(l.geometry.K, s.BiasInitializer, s.BiasRegularizer)
	return l, nil
}

// depthwise is a convolution with filters of its own for each channel, and the parameter of that name which holds them.
func depthwise(name string, x Shape, size, strides Pair, padding Padding, multiplier int, dilation Pair, initializer Initializer) (kernels.Conv2D, *Param, error) {
	multiplier = cmp.Or(multiplier, 1)
	if multiplier < 1 {
		return kernels.Conv2D{}, nil, fmt.Errorf("depth_multiplier %d; give at least 1", multiplier)
	}
	shape := Shape{size[0], size[1], x[2], multiplier}
	if err := checkSize("the "+name, shape); err != nil {
		return kernels.Conv2D{}, nil, err
	}
	w, err := window(x, size, strides, dilation, padding, x[2]*multiplier)
	if err != nil {
		return kernels.Conv2D{}, nil, err
	}
	return kernels.Conv2D{C: x[2], K: x[2] * multiplier, Groups: x[2], Window: w},
		&Param{Name: name, Shape: shape, Initializer: cmp.Or(initializer, GlorotUniform)}, nil
}
