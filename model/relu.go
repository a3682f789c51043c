package model

import (
	"fmt"

	"cnn-gpu/kernels"
)

// ReLULayer passes on what is above zero. Below, it gives 0, or NegativeSlope times what it takes; with MaxValue it gives no more than that. It
// is Keras's ReLU, without the threshold; see [kernels.ReLU], [kernels.LeakyReLU] and [kernels.ReLU6].
type ReLULayer struct {
	MaxValue      float64 `yaml:"max_value,omitempty" default:"0"`      // the largest value that it gives; 0 for no limit
	NegativeSlope float64 `yaml:"negative_slope,omitempty" default:"0"` // the slope below zero; not together with `max_value`
}

// Kind implements [Spec].
func (ReLULayer) Kind() string { return "ReLU" }

// Build implements [Spec].
func (s ReLULayer) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	isParameter := func(v float64) bool { return v == 0 || float32(v) > 0 && v <= 1e10 }
	switch {
	case !isParameter(s.MaxValue):
		return nil, fmt.Errorf("max_value %v; give a number above 0 and up to 1e10, or 0 for no limit", s.MaxValue)
	case !isParameter(s.NegativeSlope):
		return nil, fmt.Errorf("negative_slope %v; give a number from 0 to 1e10", s.NegativeSlope)
	case s.MaxValue != 0 && s.NegativeSlope != 0:
		return nil, fmt.Errorf("max_value %v and negative_slope %v; give one of the two", s.MaxValue, s.NegativeSlope)
	case s.MaxValue != 0:
		return activation{x, kernels.Activation{Function: kernels.ReLU6, Alpha: float32(s.MaxValue)}}, nil
	case s.NegativeSlope != 0:
		return activation{x, kernels.Activation{Function: kernels.LeakyReLU, Alpha: float32(s.NegativeSlope)}}, nil
	}
	return activation{x, kernels.Activation{Function: kernels.ReLU}}, nil
}
