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
	// Shorter is how long the shorter side of a [Cropped] picture is made before its middle is cut out, as ImageNet's are made 256 for an input of
	// 224; as long as the input needs it if 0.
	Shorter int `json:"shorter,omitempty"`
}

func (p Preparation) String() string {
	text := fmt.Sprintf("framing %s, ground %s", p.Framing, p.Ground)
	if p.Shorter != 0 {
		text += fmt.Sprintf(", shorter side %d", p.Shorter)
	}
	return text
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
	// Cropped scales pictures until the shorter side fits, or is as long as [Preparation.Shorter] says, and cuts out their middle.
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
	if p.Shorter < 0 || p.Shorter > maxShorter || p.Shorter != 0 && p.Framing != Cropped {
		return fmt.Errorf("data: a preparation with framing %q and a shorter side of %d: expected %s and at most %d, or none", p.Framing, p.Shorter, Cropped, maxShorter)
	}
	return nil
}

// maxShorter keeps a picture's pixels countable, whatever weights say.
const maxShorter = 1 << 14

// checkShorter says whether images of a shape can be cut out of pictures with such a shorter side.
func (p Preparation) checkShorter(shape []int) error {
	if least := max(shape[0], shape[1]); p.Shorter != 0 && (p.Shorter < least || p.Shorter > maxShorter) {
		return fmt.Errorf("images of %s cannot be cut out of pictures whose shorter side is %d: give a side from %d to %d", wording.Times(shape), p.Shorter, least, maxShorter)
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
		return Preparation{Framing: Whole, Ground: AnyGround}, nil
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
	p := Preparation{Framing: Whole, Ground: AnyGround}
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
