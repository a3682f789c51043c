package model

import (
	"fmt"
	"slices"
)

// Reshape gives each example another shape with as many values, in the same order. It moves no data.
type Reshape struct {
	Target []int `yaml:"target_shape"` // the shape; one extent may be -1, which then follows from the others
}

// Kind implements [Spec].
func (Reshape) Kind() string { return "Reshape" }

// Build implements [Spec].
func (s Reshape) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	out, open, rest := slices.Clone(Shape(s.Target)), -1, x.Elements()
	fail := func() (Layer, error) {
		return nil, fmt.Errorf("cannot make %v of %v, which has %d values; give extents with that product, one of which may be -1", s.Target, x, x.Elements())
	}
	for i, extent := range out {
		switch {
		case extent == -1 && open < 0:
			open = i
		case extent < 1 || rest%extent != 0:
			return fail()
		default:
			rest /= extent
		}
	}
	if open >= 0 {
		out[open] = rest
	} else if rest != 1 || len(out) == 0 {
		return fail()
	}
	return view{out}, nil
}
