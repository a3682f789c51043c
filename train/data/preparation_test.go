package data

import (
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// drawings is a set of 28x28 images, each drawn by a function.
func drawings(draw func(img *image.NRGBA, r *rand.Rand)) *images {
	s := &images{name: "drawings", shape: mnistShape, classes: []string{"0"}}
	for i := range 60 {
		img := painted(28, 28, black, black, image.Rectangle{})
		draw(img, rand.New(rand.NewPCG(1, uint64(i))))
		for j := range 784 {
			s.pixels = append(s.pixels, img.Pix[4*j])
		}
		s.labels = append(s.labels, 0)
	}
	return s
}

func TestPreparationOfSets(t *testing.T) {
	box := func(img *image.NRGBA, r image.Rectangle, v uint8) {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				img.Set(x, y, color.Gray{v})
			}
		}
	}
	named := func(name string) *images { return &images{name: name, shape: mnistShape} }
	colour := &images{name: "cats", shape: []int{28, 28, 3}}
	for name, c := range map[string]struct {
		set  Set
		want Preparation
	}{
		"mnist":         {named("mnist"), Preparation{Framing: MNISTFraming, Ground: DarkGround}},
		"digits":        {named("digits"), Preparation{Framing: DigitsFraming, Ground: DarkGround}},
		"emnist":        {named("emnist-letters"), Preparation{Framing: EMNISTFraming, Ground: DarkGround}},
		"emnist-cats":   {&images{name: "emnist-cats", shape: []int{28, 28, 3}}, Preparation{Framing: Whole, Ground: AnyGround}}, // a person's own
		"fashion-mnist": {named("fashion-mnist"), Preparation{Framing: Whole, Ground: DarkGround}},
		"colours":       {colour, Preparation{Framing: Whole, Ground: AnyGround}},
		"centred": {drawings(func(img *image.NRGBA, r *rand.Rand) {
			w := 2 + r.IntN(8)
			box(img, image.Rect(14-w, 4, 14+w, 24), 255)
		}), Preparation{Framing: MNISTFraming, Ground: DarkGround}},
		"centred dark ink": {drawings(func(img *image.NRGBA, r *rand.Rand) {
			w := 2 + r.IntN(8)
			box(img, img.Rect, 255)
			box(img, image.Rect(14-w, 4, 14+w, 24), 0)
		}), Preparation{Framing: MNISTFraming, Ground: LightGround}},
		"anywhere": {drawings(func(img *image.NRGBA, r *rand.Rand) {
			x := 3 + r.IntN(15)
			box(img, image.Rect(x, 4, x+5, 24), 255)
		}), Preparation{Framing: Whole, Ground: DarkGround}},
		"to the border": {drawings(func(img *image.NRGBA, r *rand.Rand) {
			box(img, image.Rect(8, 0, 20, 28), 255)
		}), Preparation{Framing: Whole, Ground: DarkGround}},
		"light and dark": {drawings(func(img *image.NRGBA, r *rand.Rand) {
			box(img, img.Rect, uint8(255*r.IntN(2)))
		}), Preparation{Framing: Whole, Ground: AnyGround}},
	} {
		p, err := PreparationOf(c.set)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, p, name)
		assert.NoError(t, p.Check())
	}
	assert.ErrorContains(t, Preparation{Framing: "round"}.Check(), "choose mnist, digits, emnist, whole or crop")
	assert.ErrorContains(t, Preparation{Ground: "green"}.Check(), "choose dark, light or any")
	for _, p := range []Preparation{{Framing: Cropped, Shorter: -1}, {Framing: Cropped, Shorter: 1 << 15}, {Framing: Whole, Shorter: 256}} {
		assert.ErrorContains(t, p.Check(), "expected crop and at most 16384, or none")
	}
	assert.NoError(t, Preparation{Framing: Cropped, Shorter: 256}.Check())
}

// What the preparation says is done: the same drawing, off the middle of a page.
func TestPictureFollowsThePreparation(t *testing.T) {
	path := savePNG(t, painted(56, 56, white, black, image.Rect(30, 20, 36, 50)))
	for p, want := range map[Preparation]string{
		{Framing: MNISTFraming, Ground: DarkGround}:  "inverted (its ink is dark), cut to its ink (6x30), resized 56x56 -> 4x20 and centred by mass in 28x28 as MNIST's digits are",
		{Framing: EMNISTFraming, Ground: DarkGround}: "inverted (its ink is dark), cut to its ink (6x30), resized 56x56 -> 5x24 and centred in 28x28 as EMNIST's characters are",
		{Framing: MNISTFraming, Ground: LightGround}: "cut to its ink (6x30), resized 56x56 -> 4x20 and centred by mass in 28x28 as MNIST's digits are",
		{Framing: Whole, Ground: DarkGround}:         "inverted (its background is light), resized 56x56 -> 28x28",
		{Framing: Whole, Ground: LightGround}:        "resized 56x56 -> 28x28",
		{Framing: Whole, Ground: AnyGround}:          "resized 56x56 -> 28x28",
		{}:                                           "inverted (its ink is dark), cut to its ink (6x30), resized 56x56 -> 4x20 and centred by mass in 28x28 as MNIST's digits are",
	} {
		x, note, err := prepared(Picture(path, mnistShape, PictureOptions{Preparation: p}))
		require.NoError(t, err)
		assert.Equal(t, want, note)
		ground := float32(0)
		if p.Ground == LightGround || p.Ground == AnyGround {
			ground = 1
		}
		assert.Equal(t, ground, at(x, 28, 0, 0), note)
		col := 14
		if p.Framing == Whole {
			col = 16
		}
		assert.InDelta(t, 1-ground, at(x, 28, col, 14), 0.05, note)
	}
}

// What a network knows as it is must not be lost by centring it.
func TestTheDigitsAreFramed(t *testing.T) {
	_, test := Digits()
	left := 0 // as they are: all but two that are as small as they are far from the middle
	x := make([]float32, digitSide*digitSide)
	p := &preparation{flat: image.NewRGBA(image.Rect(0, 0, digitSide, digitSide))}
	for i := range test.Len() {
		_, err := test.Example(i, x)
		require.NoError(t, err)
		for j, v := range x {
			setGrey(p.flat.Pix[4*j:], byte(255*v+0.5))
		}
		for _, onBlack := range []bool{true, false} {
			light, framed := p.framed(DigitsFraming)
			assert.Equal(t, onBlack, light, i)
			if framed {
				left++
			}
			p.negative()
		}
	}
	assert.Equal(t, 2*(test.Len()-2), left)
}
