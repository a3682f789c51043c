package model

import (
	"errors"
	"fmt"

	"cnn-gpu/kernels"
)

// ZeroPadding2D puts rows and columns of zeros around images.
type ZeroPadding2D struct {
	Padding Border `yaml:"padding,omitempty" default:"1"` // how many rows and columns
}

// Cropping2D cuts rows and columns off images.
type Cropping2D struct {
	Cropping Border `yaml:"cropping"` // how many rows and columns
}

// Border is a number of rows at the top and at the bottom, and of columns at the left and at the right.
type Border [2][2]int

// Kind implements [Spec].
func (ZeroPadding2D) Kind() string { return "ZeroPadding2D" }

// Kind implements [Spec].
func (Cropping2D) Kind() string { return "Cropping2D" }

// Build implements [Spec].
func (s ZeroPadding2D) Build(in []Shape) (Layer, error) {
	if s.Padding == (Border{}) {
		s.Padding = Border{{1, 1}, {1, 1}}
	}
	x, err := s.Padding.check(in)
	if err != nil {
		return nil, err
	}
	out := s.Padding.around(x, 1)
	if err := checkSize("the output", out); err != nil {
		return nil, err
	}
	return copying{out, kernels.Copy{
		XShape: fourAxes(x), YShape: fourAxes(out), Axes: kernels.InOrder, Box: fourAxes(x), YAt: s.Padding.corner(),
	}}, nil
}

// Build implements [Spec].
func (s Cropping2D) Build(in []Shape) (Layer, error) {
	x, err := s.Cropping.check(in)
	if err != nil {
		return nil, err
	}
	if s.Cropping == (Border{}) {
		return nil, errors.New("cuts nothing off; give the cropping, or leave the layer out")
	}
	out := s.Cropping.around(x, -1)
	if min(out[0], out[1]) < 1 {
		return nil, fmt.Errorf("nothing is left of an image of %dx%d; give a cropping below its height and width in all", x[0], x[1])
	}
	return copying{out, kernels.Copy{
		XShape: fourAxes(x), YShape: fourAxes(out), Axes: kernels.InOrder, Box: fourAxes(out), XAt: s.Cropping.corner(),
	}}, nil
}

// check refuses what is no border of an image, which it returns.
func (b Border) check(in []Shape) (Shape, error) {
	for _, sides := range b {
		for _, n := range sides {
			if n < 0 || n > maxElements {
				return nil, fmt.Errorf("a border of %d; give 0 to %d", n, maxElements)
			}
		}
	}
	return onlyImage(in)
}

// around is the shape of an image with the border, or with sign -1 without it.
func (b Border) around(x Shape, sign int) Shape {
	return Shape{x[0] + sign*(b[0][0]+b[0][1]), x[1] + sign*(b[1][0]+b[1][1]), x[2]}
}

// short is the shortest way to write the border in a file.
func (b Border) short() any {
	switch {
	case b[0][0] != b[0][1] || b[1][0] != b[1][1]:
		return b
	case b[0] != b[1]:
		return []int{b[0][0], b[1][0]}
	}
	return b[0][0]
}

// corner is where the image begins in what has the border.
func (b Border) corner() [4]int { return [4]int{0, b[0][0], b[1][0], 0} }
