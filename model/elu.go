package model

import (
	"cmp"
	"fmt"

	"cnn-gpu/kernels"
)

// ELU passes on what is above zero and gives Alpha·(eˣ − 1) below; see [kernels.ELU] for the source.
type ELU struct {
	Alpha float64 `yaml:"alpha,omitempty" default:"1"` // how far below zero it goes, itself above 0
}

// Kind implements [Spec].
func (ELU) Kind() string { return "ELU" }

// Build implements [Spec].
func (s ELU) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	alpha := float32(cmp.Or(s.Alpha, 1))
	if !(alpha > 0 && alpha <= 1e10) {
		return nil, fmt.Errorf("alpha %v; give a number above 0, or use ReLU", s.Alpha)
	}
	return activation{x, kernels.Activation{Function: kernels.ELU, Alpha: alpha}}, nil
}
