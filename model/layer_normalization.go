package model

import (
	"fmt"
	"slices"

	"cnn-gpu/kernels"
)

// LayerNormalization gives each example, over the axes that it is told, the mean 0 and the variance 1; then it multiplies by gamma and adds beta
// (Ba, Kiros and Hinton, "Layer normalization", arXiv 1607.06450, 2016, section 3). Over the last axis alone, each place of an image is normalised
// over its channels. See [kernels.GroupNorm] for the formula. It is the same in training and outside of it. Parameters: gamma and beta, of the shape
// of these axes.
type LayerNormalization struct {
	Axis             []Axis      `yaml:"axis,omitempty" default:"-1"`                // the axes over which values are normalised, the last ones: `-1`, or `[1, 2, 3]` for all of an image
	Epsilon          float64     `yaml:"epsilon,omitempty" default:"0.001"`          // what is added to the variance, above 0
	Center           Toggle      `yaml:"center,omitempty" default:"true"`            // whether beta is added
	Scale            Toggle      `yaml:"scale,omitempty" default:"true"`             // whether gamma multiplies
	BetaInitializer  Initializer `yaml:"beta_initializer,omitempty" default:"zeros"` // beta's first values
	GammaInitializer Initializer `yaml:"gamma_initializer,omitempty" default:"ones"` // gamma's first values
}

// Kind implements [Spec].
func (LayerNormalization) Kind() string { return "LayerNormalization" }

// Build implements [Spec].
func (s LayerNormalization) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	axes := s.Axis
	if len(axes) == 0 {
		axes = []Axis{-1}
	}
	var of []int
	for _, a := range axes {
		axis, err := a.of(x)
		if err != nil {
			return nil, err
		}
		of = append(of, axis)
	}
	slices.Sort(of)
	first := len(x) - len(of)
	for i, axis := range of {
		if axis != first+i {
			return nil, fmt.Errorf("axis %v of %v; give the last axes, each once: -1, or %v for all; a Permute moves others there", axes, x, Axes(len(x)).list())
		}
	}
	shape := slices.Clone(x[first:])
	l := &groupNormalization{shape: x, geometry: kernels.GroupNorm{N: x[:first].Elements(), P: 1, C: shape.Elements(), G: 1}}
	return l, l.set(shape, s.Epsilon, s.Scale, s.Center, s.GammaInitializer, s.BetaInitializer)
}
