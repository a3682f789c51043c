package model

import (
	"fmt"
	"slices"

	"cnn-gpu/kernels"
)

// Permute puts the axes of each example into another order: axis i of the output is axis Dims[i] of the input, the first being 1. So
// [3, 1, 2] makes [channels height width] of images.
type Permute struct {
	Dims []int `yaml:"dims"` // the input's axes in the order of the output's
}

// Kind implements [Spec].
func (Permute) Kind() string { return "Permute" }

// Build implements [Spec].
func (s Permute) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	if len(x) > 3 {
		return nil, fmt.Errorf("permutes at most 3 axes, got %v", x)
	}
	out, batch := slices.Clone(x), 4-len(x) // the axes in front of an example's
	axes := kernels.InOrder
	named := slices.Sorted(slices.Values(s.Dims))
	for i := range x {
		if len(named) != len(x) || named[i] != i+1 {
			return nil, fmt.Errorf("dims %v of %v; give each of 1 to %d once", s.Dims, x, len(x))
		}
		out[i] = x[s.Dims[i]-1]
		axes[batch+i] = batch + s.Dims[i] - 1
	}
	return copying{out, kernels.Copy{XShape: fourAxes(x), YShape: fourAxes(out), Axes: axes, Box: fourAxes(out)}}, nil
}
