package data

import (
	"fmt"
	"image"
	"image/color"
	"slices"

	"golang.org/x/image/draw"
)

// preparation turns one picture into an input of h x w and remembers what it did.
type preparation struct {
	size  image.Point // of the picture as it is to be seen
	flat  *image.RGBA // the picture, opaque, perhaps smaller by a whole factor; its corner is at (0, 0)
	h, w  int
	steps []string
	doubt string

	framing Framing
	shorter int
}

func (p *preparation) say(format string, args ...any) {
	p.steps = append(p.steps, fmt.Sprintf(format, args...))
}

// workSide is the longest side that is worked on, for inputs that are not nearly as large: strokes of a page are still strokes.
const workSide = 1200

// flatten lays the picture on an opaque ground. A large one is scaled down to the mean of squares of its pixels, a few rows at a time:
// large is its longer side or, where only the middle of that is needed, its shorter one.
func (p *preparation) flatten(img image.Image) {
	b := img.Bounds()
	side := max(workSide, 4*max(p.w, p.h, p.shorter))
	length := max(b.Dx(), b.Dy())
	if p.framing == Cropped {
		length = min(b.Dx(), b.Dy())
	}
	factor := (length + side - 1) / side
	p.flat = image.NewRGBA(image.Rect(0, 0, max(b.Dx()/factor, 1), max(b.Dy()/factor, 1)))
	if factor == 1 {
		draw.Draw(p.flat, p.flat.Rect, img, b.Min, draw.Src)
	} else {
		p.shrink(img, factor)
	}
	if p.flat.Opaque() {
		return
	}
	// The values are premultiplied: luma/alpha is the mean brightness of what is visible.
	var luma, alpha int
	p.each(func(q []byte) {
		luma += int(brightness(q))
		alpha += int(q[3])
	})
	ground, name := byte(255), "white"
	if 2*luma > alpha {
		ground, name = 0, "black"
	}
	p.each(func(q []byte) {
		shine := byte(int(ground) * int(255-q[3]) / 255)
		q[0], q[1], q[2], q[3] = q[0]+shine, q[1]+shine, q[2]+shine, 255
	})
	p.say("transparency made %s", name)
}

// shrink makes each pixel the mean of factor x factor of the picture's, less where the picture is narrower than that.
func (p *preparation) shrink(img image.Image, factor int) {
	b := img.Bounds()
	wide, high := min(factor, b.Dx()), min(factor, b.Dy())
	rows := image.NewRGBA(image.Rect(0, 0, b.Dx(), high))
	sums := make([]uint32, p.flat.Stride)
	for y := range p.flat.Rect.Dy() {
		draw.Draw(rows, rows.Rect, img, b.Min.Add(image.Pt(0, y*high)), draw.Src)
		clear(sums)
		for row := range high {
			pix := rows.Pix[row*rows.Stride:]
			for x := 0; x < len(sums); x += 4 {
				from := pix[x*wide:][:4*wide]
				for i := 0; i < len(from); i += 4 {
					sums[x] += uint32(from[i])
					sums[x+1] += uint32(from[i+1])
					sums[x+2] += uint32(from[i+2])
					sums[x+3] += uint32(from[i+3])
				}
			}
		}
		n := uint32(wide * high)
		for i, sum := range sums {
			p.flat.Pix[y*p.flat.Stride+i] = byte((sum + n/2) / n)
		}
	}
}

// grey gives the three channels the pixel's brightness.
func (p *preparation) grey() {
	coloured := false
	p.each(func(q []byte) {
		coloured = coloured || q[0] != q[1] || q[1] != q[2]
		setGrey(q, brightness(q))
	})
	if coloured {
		p.say("made grey")
	}
}

// invert gives the picture a ground as the preparation has it.
func (p *preparation) invert(ground Ground) {
	light := background(p.flat).R >= 128
	switch {
	case ground == DarkGround && light:
		p.say("inverted (its background is light)")
	case ground == LightGround && !light:
		p.say("inverted (its background is dark)")
	default:
		return
	}
	p.negative()
}

func (p *preparation) negative() { p.each(func(q []byte) { setGrey(q, 255-q[0]) }) }

// fit scales the picture to lie within h x w and fills what is left with its background.
func (p *preparation) fit() {
	from := p.flat.Bounds()
	if from.Dx() == p.w && from.Dy() == p.h {
		return
	}
	to := within(from, p.w, p.h)
	page := image.NewRGBA(image.Rect(0, 0, p.w, p.h))
	draw.Draw(page, page.Bounds(), image.NewUniform(background(p.flat)), image.Point{}, draw.Src)
	draw.CatmullRom.Scale(page, to.Add(image.Pt((p.w-to.Dx())/2, (p.h-to.Dy())/2)), p.flat, from, draw.Src, nil)
	p.flat = page
	p.say("resized %dx%d -> %dx%d", p.size.X, p.size.Y, to.Dx(), to.Dy())
	if to.Dx() != p.w || to.Dy() != p.h {
		p.say("bordered to %dx%d", p.w, p.h)
	}
}

// crop scales the picture until it just covers h x w or, where its shorter side is to have a length, a square of that, and cuts out its middle.
func (p *preparation) crop() {
	from, cover := p.flat.Bounds(), image.Pt(p.w, p.h)
	if p.shorter != 0 {
		cover = image.Pt(p.shorter, p.shorter)
	}
	if from.Dx() == p.w && from.Dy() == p.h && cover == from.Size() {
		return
	}
	piece := within(image.Rect(0, 0, cover.X, cover.Y), from.Dx(), from.Dy())
	piece.Max = image.Pt(max((piece.Dx()*p.w+cover.X/2)/cover.X, 1), max((piece.Dy()*p.h+cover.Y/2)/cover.Y, 1))
	piece = piece.Add(image.Pt((from.Dx()-piece.Dx())/2, (from.Dy()-piece.Dy())/2))
	page := image.NewRGBA(image.Rect(0, 0, p.w, p.h))
	draw.CatmullRom.Scale(page, page.Bounds(), p.flat, piece, draw.Src, nil)
	covering := image.Pt(cover.X, max((p.size.Y*cover.X+p.size.X/2)/p.size.X, cover.Y))
	if p.size.X*cover.Y > p.size.Y*cover.X {
		covering = image.Pt(max((p.size.X*cover.Y+p.size.Y/2)/p.size.Y, cover.X), cover.Y)
	}
	p.flat = page
	if p.size != covering {
		p.say("resized %dx%d -> %dx%d", p.size.X, p.size.Y, covering.X, covering.Y)
	}
	if covering != image.Pt(p.w, p.h) {
		p.say("cut to its middle %dx%d", p.w, p.h)
	}
}

// within returns the largest rectangle of r's proportions that fits into w x h, at (0, 0).
func within(r image.Rectangle, w, h int) image.Rectangle {
	if r.Dx()*h > r.Dy()*w {
		return image.Rect(0, 0, w, max((r.Dy()*w+r.Dx()/2)/r.Dx(), 1))
	}
	return image.Rect(0, 0, max((r.Dx()*h+r.Dy()/2)/r.Dy(), 1), h)
}

// background is the median of the border's pixels, channel by channel.
func background(img *image.RGBA) color.RGBA {
	size := img.Bounds().Size()
	var border [3][]byte
	for y := range size.Y {
		step := max(size.X-1, 1)
		if y == 0 || y == size.Y-1 {
			step = 1
		}
		for x := 0; x < size.X; x += step {
			for c := range border {
				border[c] = append(border[c], img.Pix[img.PixOffset(x, y)+c])
			}
		}
	}
	median := color.RGBA{A: 255}
	for c, m := range []*byte{&median.R, &median.G, &median.B} {
		slices.Sort(border[c])
		*m = border[c][len(border[c])/2]
	}
	return median
}

// each calls f on every pixel's four bytes.
func (p *preparation) each(f func(q []byte)) {
	for i := 0; i < len(p.flat.Pix); i += 4 {
		f(p.flat.Pix[i : i+4])
	}
}

func setGrey(q []byte, v byte) { q[0], q[1], q[2] = v, v, v }

// brightness is a pixel's luma (ITU-R BT.601), as color.GrayModel has it.
func brightness(q []byte) byte {
	return byte((19595*uint32(q[0]) + 38470*uint32(q[1]) + 7471*uint32(q[2]) + 1<<15) >> 16)
}
