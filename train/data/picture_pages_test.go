package data_test

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
)

// page is a picture of a digit, ink 255 on ground 0 until it is coloured.
type page struct {
	ink        *image.Gray // of the digit, tightly framed as its set has it
	side       int         // of the page, in pixels
	digit      image.Rectangle
	paper, pen uint8
	img        *image.NRGBA
}

const pageSide = 280

// write draws the page: the digit scaled to its place, in the pen's colour on the paper's.
func (p *page) write() {
	cover := image.NewGray(image.Rect(0, 0, p.side, p.side))
	draw.CatmullRom.Scale(cover, p.digit, p.ink, p.ink.Bounds(), draw.Src, nil)
	p.img = image.NewNRGBA(cover.Rect)
	for i, c := range cover.Pix {
		v := uint8((int(p.paper)*(255-int(c)) + int(p.pen)*int(c) + 127) / 255)
		p.img.Pix[4*i], p.img.Pix[4*i+1], p.img.Pix[4*i+2], p.img.Pix[4*i+3] = v, v, v, 255
	}
}

// shade multiplies the brightness by f of the place, which is from 0 to 1 across the page.
func (p *page) shade(f func(x, y float64) float64) {
	b := p.img.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			q := p.img.Pix[p.img.PixOffset(x, y):]
			s := f(float64(x)/float64(b.Dx()-1), float64(y)/float64(b.Dy()-1))
			for c := range 3 {
				q[c] = uint8(float64(q[c])*s + 0.5)
			}
		}
	}
}

func (p *page) fill(r image.Rectangle, v uint8) {
	draw.Draw(p.img, r, image.NewUniform(color.Gray{v}), image.Point{}, draw.Src)
}

// frame draws four lines of a width along the inside of r.
func (p *page) frame(r image.Rectangle, width int, v uint8) {
	p.fill(image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+width), v)
	p.fill(image.Rect(r.Min.X, r.Max.Y-width, r.Max.X, r.Max.Y), v)
	p.fill(image.Rect(r.Min.X, r.Min.Y, r.Min.X+width, r.Max.Y), v)
	p.fill(image.Rect(r.Max.X-width, r.Min.Y, r.Max.X, r.Max.Y), v)
}

// on lays the picture on a ground of w x h with its corner at (x, y).
func (p *page) on(ground color.NRGBA, w, h, x, y int) {
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
	draw.Draw(out, p.img.Bounds().Add(image.Pt(x, y)), p.img, image.Point{}, draw.Over)
	p.img = out
}

// turned lays the page, turned by an angle and scaled, in the middle of a ground of the same size.
func (p *page) turned(ground uint8, angle, scale float64) {
	side := float64(p.img.Bounds().Dx())
	sin, cos := math.Sincos(angle)
	m := [6]float64{
		scale * cos, -scale * sin, side/2 - scale*(cos-sin)*side/2,
		scale * sin, scale * cos, side/2 - scale*(sin+cos)*side/2,
	}
	out := image.NewNRGBA(p.img.Rect)
	draw.Draw(out, out.Rect, image.NewUniform(color.Gray{ground}), image.Point{}, draw.Src)
	draw.BiLinear.Transform(out, m, p.img, p.img.Rect, draw.Over, nil)
	p.img = out
}

// large gives the digit most of the page.
func (p *page) large(r *rand.Rand) {
	size := p.side - 60 + r.IntN(40)
	p.digit = image.Rect(0, 0, size, size).Add(image.Pt(r.IntN(p.side-size), r.IntN(p.side-size)))
}

// shrink scales the picture to a side of n pixels.
func (p *page) shrink(n int) {
	out := image.NewNRGBA(image.Rect(0, 0, n, n))
	draw.CatmullRom.Scale(out, out.Rect, p.img, p.img.Bounds(), draw.Src, nil)
	p.img = out
}

func (p *page) round(radius float64) {
	b := p.img.Bounds()
	w, h := float64(b.Dx()), float64(b.Dy())
	for y := range b.Dy() {
		for x := range b.Dx() {
			dx := max(radius-float64(x)-0.5, float64(x)+0.5-(w-radius), 0)
			dy := max(radius-float64(y)-0.5, float64(y)+0.5-(h-radius), 0)
			p.img.Pix[p.img.PixOffset(x, y)+3] = uint8(255 * min(max(radius-math.Hypot(dx, dy)+0.5, 0), 1))
		}
	}
}

// shadow is a soft dark margin round the page, as of a window.
func (p *page) shadow(margin int) {
	b := p.img.Bounds()
	out := image.NewNRGBA(image.Rect(0, 0, b.Dx()+2*margin, b.Dy()+2*margin))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			dx := max(margin-x, x-margin-b.Dx()+1, 0)
			dy := max(margin-y, y-margin-b.Dy()+1, 0)
			fade := 1 - math.Hypot(float64(dx), float64(dy))/float64(margin)
			out.Pix[out.PixOffset(x, y)+3] = uint8(140 * max(fade, 0) * max(fade, 0))
		}
	}
	draw.Draw(out, b.Add(image.Pt(margin, margin)), p.img, image.Point{}, draw.Over)
	p.img = out
}

// slope darkens the page from one side to the other.
func (p *page) slope(r *rand.Rand, to float64) {
	sin, cos := math.Sincos(2 * math.Pi * r.Float64())
	reach := math.Abs(sin) + math.Abs(cos)
	p.shade(func(x, y float64) float64 {
		return 1 - (1-to)*(((x-0.5)*cos+(y-0.5)*sin)/reach+0.5)
	})
}

// inkOf bounds what differs from the paper.
func inkOf(img *image.NRGBA, paper uint8) (box image.Rectangle) {
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if d := int(img.NRGBAAt(x, y).R) - int(paper); d > 60 || d < -60 {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box
}

// newPage places an image of the set on a page, by the seed.
func newPage(r *rand.Rand, x []float32, onBlack bool) *page {
	ink := image.NewGray(image.Rect(0, 0, 28, 28))
	for i, v := range x {
		ink.Pix[i] = uint8(v * 255)
	}
	p := &page{ink: ink, side: pageSide, paper: 255}
	if onBlack {
		p.paper, p.pen = 0, 255
	}
	size := 150 + r.IntN(80)
	p.digit = image.Rect(0, 0, size, size).Add(image.Pt(20+r.IntN(pageSide-40-size), 20+r.IntN(pageSide-40-size)))
	return p
}
