package data

import (
	"fmt"
	"slices"

	"cnn-gpu/internal/wording"
)

// Preparation says what a set's images were prepared like, so that a person's picture can be made like them. The zero value stands for
// MNIST's where an input is 28x28x1, and for whole pictures of dark ground otherwise.
type Preparation struct {
	Framing Framing `json:"framing,omitempty"`
	Ground  Ground  `json:"ground,omitempty"`
}

// Framing is how a set's images are cut.
type Framing string

const (
	// MNISTFraming fits the ink into 20x20 and places its centre of mass in the middle of 28x28 (Y. LeCun et al., "Gradient-based
	// learning applied to document recognition", 1998).
	MNISTFraming Framing = "mnist"
	// DigitsFraming is that of the built-in digits: MNIST's, but smaller and larger ink is as good, and it may lie off the middle.
	DigitsFraming Framing = "digits"
	// EMNISTFraming fits the ink into 24x24 in the middle of 28x28 (G. Cohen et al., arXiv:1702.05373).
	EMNISTFraming Framing = "emnist"
	// Whole scales whole pictures to fit.
	Whole Framing = "whole"
	// Cropped scales pictures until the shorter side fits, and cuts out their middle.
	Cropped Framing = "crop"
)

// Ground is how light the background of a set's images is.
type Ground string

const (
	DarkGround  Ground = "dark"
	LightGround Ground = "light"
	AnyGround   Ground = "any"
)

// fill puts in what a preparation leaves open, and makes it one that fits the input.
func (p Preparation) fill(shape []int) Preparation {
	centred := shape[0] == mnistSide && shape[1] == mnistSide && shape[2] == 1
	switch {
	case p.Framing == Cropped:
	case !centred:
		p.Framing = Whole
	case p.Framing == "":
		p.Framing = MNISTFraming
	}
	if p.Ground == "" {
		p.Ground = DarkGround
	}
	return p
}

var (
	framings = []Framing{MNISTFraming, DigitsFraming, EMNISTFraming, Whole, Cropped}
	grounds  = []Ground{DarkGround, LightGround, AnyGround}
)

// Check says whether the words are known.
func (p Preparation) Check() error {
	if p.Framing != "" && !slices.Contains(framings, p.Framing) {
		return fmt.Errorf("data: unknown framing %q of a preparation; choose %s", p.Framing, wording.Or(framings))
	}
	if p.Ground != "" && !slices.Contains(grounds, p.Ground) {
		return fmt.Errorf("data: unknown ground %q of a preparation; choose %s", p.Ground, wording.Or(grounds))
	}
	return nil
}

// PreparationNamed is that of a known set, the zero value for others.
func PreparationNamed(set string) Preparation {
	k, _ := lookUp(set)
	return k.preparation
}

// preparationSample is how many of a set's images show what it is prepared like.
const preparationSample = 500

// PreparationOf is what a set's images are prepared like: as its name says, or else as the images look. Nine of ten must look so.
func PreparationOf(s Set) (Preparation, error) {
	if p := PreparationNamed(s.Name()); p != (Preparation{}) {
		return p, nil
	}
	shape := s.Shape()
	if len(shape) != 3 || shape[2] != 1 {
		return Preparation{Whole, AnyGround}, nil
	}
	n := min(s.Len(), preparationSample)
	var dark, light, centred int
	x := make([]float32, product(shape))
	for i := range n {
		if _, err := s.Example(i*s.Len()/n, x); err != nil {
			return Preparation{}, err
		}
		switch ground := borderOf(x, shape[0], shape[1]); {
		case ground < 0.25:
			dark++
		case ground > 0.75:
			light++
			for j, v := range x {
				x[j] = 1 - v
			}
		}
		if inTheMiddle(x, shape[0], shape[1]) {
			centred++
		}
	}
	p := Preparation{Whole, AnyGround}
	switch {
	case 10*dark >= 9*n:
		p.Ground = DarkGround
	case 10*light >= 9*n:
		p.Ground = LightGround
	}
	if 10*centred >= 9*n && p.Ground != AnyGround {
		p.Framing = MNISTFraming
	}
	return p, nil
}

// borderOf is the median of an image's border.
func borderOf(x []float32, h, w int) float32 {
	border := append(slices.Clone(x[:w]), x[(h-1)*w:]...)
	for y := range h {
		border = append(border, x[y*w], x[y*w+w-1])
	}
	slices.Sort(border)
	return border[len(border)/2]
}

// inTheMiddle says whether the mass of light ink has its centre where MNIST's images have it, and none of it is near the border.
func inTheMiddle(x []float32, h, w int) bool {
	if h != mnistSide || w != mnistSide {
		return false
	}
	var mass, mx, my float32
	for i, v := range x {
		col, row := i%w, i/w
		if v > 0.5 && min(col, row, w-1-col, h-1-row) < 2 {
			return false
		}
		mass, mx, my = mass+v, mx+v*(float32(col)+0.5), my+v*(float32(row)+0.5)
	}
	const middle, near = mnistSide/2 + 0.25, 1
	dx, dy := mx/max(mass, 1)-middle, my/max(mass, 1)-middle
	return dx*dx <= near*near && dy*dy <= near*near
}
