package model

import (
	"cmp"
	"fmt"

	"cnn-gpu/kernels"
)

// LeakyReLU passes on what is above zero and multiplies what is below by NegativeSlope; see [kernels.LeakyReLU] for the source.
type LeakyReLU struct {
	NegativeSlope float64 `yaml:"negative_slope,omitempty" default:"0.3"` // the slope below zero, itself above 0
}

// Kind implements [Spec].
func (LeakyReLU) Kind() string { return "LeakyReLU" }

// Build implements [Spec].
func (s LeakyReLU) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	slope := float32(cmp.Or(s.NegativeSlope, 0.3))
	if !(slope > 0 && slope <= 1e10) {
		return nil, fmt.Errorf("negative slope %v; give a number above 0, or use ReLU", s.NegativeSlope)
	}
	return activation{x, kernels.Activation{Function: kernels.LeakyReLU, Alpha: slope}}, nil
}
