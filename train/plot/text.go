package plot

import (
	"image"
	"image/color"
	"image/draw"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

type fonts struct{ regular, bold *opentype.Font }

var loadFonts = sync.OnceValues(func() (fonts, error) {
	regular, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return fonts{}, err
	}
	bold, err := opentype.Parse(gobold.TTF)
	return fonts{regular, bold}, err
})

// lettering is a font at one size. A font.Face may not be shared, so every picture makes its own.
type lettering struct {
	face            font.Face
	ascent, descent int
}

func newLettering(f *opentype.Font, size float64) (lettering, error) {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return lettering{}, err
	}
	m := face.Metrics()
	return lettering{face, m.Ascent.Ceil(), m.Descent.Ceil()}, nil
}

// headAndBody gives the two letterings of a picture: bold for its title, regular for all else.
func headAndBody() (head, body lettering, err error) {
	f, err := loadFonts()
	if err != nil {
		return head, body, err
	}
	if head, err = newLettering(f.bold, 17); err != nil {
		return head, body, err
	}
	body, err = newLettering(f.regular, 13)
	return head, body, err
}

func (l lettering) height() int { return l.ascent + l.descent }

func (l lettering) width(s string) int { return font.MeasureString(l.face, s).Ceil() }

// shorten cuts s to at most width pixels and marks the cut with an ellipsis.
func (l lettering) shorten(s string, width int) string {
	if l.width(s) <= width {
		return s
	}
	short := ""
	for i := range s {
		cut := strings.TrimRight(s[:i], " ") + "…"
		if l.width(cut) > width {
			break
		}
		short = cut
	}
	return short
}

// draw sets s with its upper left corner at (x, y).
func (l lettering) draw(img draw.Image, x, y int, s string, c color.RGBA) {
	d := font.Drawer{Dst: img, Src: image.NewUniform(c), Face: l.face, Dot: fixed.P(x, y+l.ascent)}
	d.DrawString(s)
}

// drawCentred sets s with its top at y and its middle at x.
func (l lettering) drawCentred(img draw.Image, x, y int, s string, c color.RGBA) {
	l.draw(img, x-l.width(s)/2, y, s, c)
}

// drawUpwards sets s a quarter turn counterclockwise: it starts at the bottom, y, and its letters' tops look to x.
func (l lettering) drawUpwards(img draw.Image, x, y int, s string, c color.RGBA) {
	flat := image.NewAlpha(image.Rect(0, 0, l.width(s), l.height()))
	l.draw(flat, 0, 0, s, color.RGBA{255, 255, 255, 255})
	turned := image.NewAlpha(image.Rect(0, 0, flat.Rect.Max.Y, flat.Rect.Max.X))
	for v := range flat.Rect.Max.Y {
		for u := range flat.Rect.Max.X {
			turned.SetAlpha(v, flat.Rect.Max.X-1-u, flat.AlphaAt(u, v))
		}
	}
	at := turned.Rect.Add(image.Pt(x, y-turned.Rect.Max.Y))
	draw.DrawMask(img, at, image.NewUniform(c), image.Point{}, turned, image.Point{}, draw.Over)
}
