// Package plot draws the pictures of a training run as PNG files: learning curves, the confusion matrix, and labelled sheets
// of small images such as samples, filters and feature maps.
//
// The same input gives the same bytes. What cannot be drawn (nothing at all, lengths that disagree, a picture too large to
// look at) is an error before anything is written. Texts are set in the Go fonts, which hold Latin, Greek and Cyrillic
// letters; any other letter appears as a box.
package plot

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
)

// maxPixels bounds a picture: RGBA holds it in 256 MB, and few viewers open more.
const maxPixels = 64 << 20

var (
	white   = color.RGBA{255, 255, 255, 255}
	ink     = color.RGBA{34, 34, 34, 255}
	muted   = color.RGBA{110, 110, 110, 255}
	outline = color.RGBA{190, 190, 190, 255}
	blue    = color.RGBA{33, 102, 172, 255}
	red     = color.RGBA{178, 24, 43, 255}
	accent  = color.RGBA{213, 94, 0, 255}
	green   = color.RGBA{0, 158, 115, 255}
	warning = color.RGBA{255, 214, 0, 255}
)

// UndrawableError says why no picture can be drawn of values that are right in themselves.
type UndrawableError struct{ reason string }

func (e *UndrawableError) Error() string { return e.reason }

func undrawable(format string, args ...any) error {
	return &UndrawableError{fmt.Sprintf(format, args...)}
}

// fits reports whether a picture stays within maxPixels, whatever the numbers (no product here overflows).
func fits(size image.Point) bool {
	return size.X <= maxPixels && size.Y <= maxPixels && size.X*size.Y <= maxPixels
}

func newImage(size image.Point) *image.RGBA {
	img := image.NewRGBA(image.Rectangle{Max: size})
	fill(img, img.Bounds(), white)
	return img
}

func fill(img draw.Image, r image.Rectangle, c color.RGBA) {
	draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// frame draws the border of r, inside it.
func frame(img draw.Image, r image.Rectangle, width int, c color.RGBA) {
	inner := r.Inset(width)
	fill(img, image.Rect(r.Min.X, r.Min.Y, r.Max.X, inner.Min.Y), c)
	fill(img, image.Rect(r.Min.X, inner.Max.Y, r.Max.X, r.Max.Y), c)
	fill(img, image.Rect(r.Min.X, r.Min.Y, inner.Min.X, r.Max.Y), c)
	fill(img, image.Rect(inner.Max.X, r.Min.Y, r.Max.X, r.Max.Y), c)
}

// blend goes in a straight line from a (t = 0) to b (t = 1).
func blend(a, b color.RGBA, t float64) color.RGBA {
	mix := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + t*(float64(y)-float64(x)))) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

func encode(w io.Writer, img image.Image) error {
	if err := png.Encode(w, img); err != nil {
		return fmt.Errorf("plot: write PNG: %w", err)
	}
	return nil
}
