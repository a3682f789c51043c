package data

import (
	"image"

	"golang.org/x/image/draw"
)

const (
	mnistSide = 28 // of an MNIST image
	mnistInk  = 20 // of the square that its digit fits into
	// leastContrast between ink and ground, below which a picture counts as blank.
	leastContrast = 16
)

// center prepares a grey picture with light ink as MNIST's images were: the ink scaled to fit 20x20 and
// placed with its centre of mass in pixel (14, 14) of 28x28. A picture of that size is left as it is.
func (p *preparation) center() {
	size := p.flat.Bounds().Size()
	if size.X == mnistSide && size.Y == mnistSide {
		return
	}
	ground, ink, edge := p.levels()
	if ink-ground < leastContrast {
		p.say("found no ink to centre")
		return
	}
	// Paper is not evenly bright: what is nearly as dark as the ground counts as ground.
	ground += (ink - ground) / 8
	box := p.inkBox(edge)
	p.each(func(q []byte) { setGrey(q, stretch(q[0], ground, ink)) })

	to := within(box, mnistInk, mnistInk)
	digit := image.NewRGBA(to)
	draw.CatmullRom.Scale(digit, to, p.flat, box, draw.Src, nil)
	var peak, mass, mx, my int
	for y := range to.Dy() {
		for x := range to.Dx() {
			v := int(digit.Pix[digit.PixOffset(x, y)])
			peak, mass, mx, my = max(peak, v), mass+v, mx+v*(2*x+1), my+v*(2*y+1)
		}
	}
	if mass == 0 {
		p.say("found no ink to centre")
		return
	}
	// A thin line fades as it is scaled down; MNIST's strokes are white.
	for i := range digit.Pix {
		digit.Pix[i] = stretch(digit.Pix[i], 0, peak)
	}
	at := image.Pt(offset(to.Dx(), mx, mass), offset(to.Dy(), my, mass))
	p.flat = image.NewRGBA(image.Rect(0, 0, mnistSide, mnistSide))
	draw.Draw(p.flat, to.Add(at), digit, image.Point{}, draw.Src)
	p.say("cut to its ink (%dx%d), resized %dx%d -> %dx%d and centred by mass in %dx%d as MNIST's digits are",
		box.Dx(), box.Dy(), size.X, size.Y, to.Dx(), to.Dy(), mnistSide, mnistSide)
}

// offset returns where n pixels begin so that their mass has its centre in pixel 14 of 28, which is where
// MNIST's images have it on average, as far as they stay on the page. The moment is the sum of value times 2i+1, which is
// twice the middle of pixel i.
func offset(n, moment, mass int) int {
	const twiceMiddle = mnistSide + 1 // of pixel 14
	return min(max((twiceMiddle*mass-moment+mass)/(2*mass), 0), mnistSide-n)
}

// levels returns the mean brightness of the ground and of the ink, and the edge at and above which a
// pixel is ink: Otsu's threshold, which makes the variance between the two greatest (N. Otsu, "A
// threshold selection method from gray-level histograms", 1979).
func (p *preparation) levels() (ground, ink, edge int) {
	var count, sum [257]int // of the pixels darker than the index
	p.each(func(q []byte) { count[int(q[0])+1]++ })
	for v := range 256 {
		sum[v+1] = sum[v] + v*count[v+1]
		count[v+1] += count[v]
	}
	best := 0.0
	for e := 1; e < 256; e++ {
		dark, light := count[e], count[256]-count[e]
		if dark == 0 || light == 0 {
			continue
		}
		m0, m1 := float64(sum[e])/float64(dark), float64(sum[256]-sum[e])/float64(light)
		if between := float64(dark) * float64(light) * (m1 - m0) * (m1 - m0); between > best {
			best, ground, ink, edge = between, int(m0), int(m1), e
		}
	}
	return ground, ink, edge
}

// inkBox bounds the pixels at least as bright as the edge.
func (p *preparation) inkBox(edge int) image.Rectangle {
	var box image.Rectangle
	for y := range p.flat.Bounds().Dy() {
		for x := range p.flat.Bounds().Dx() {
			if int(p.flat.Pix[p.flat.PixOffset(x, y)]) >= edge {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box
}

// stretch maps lo and below to 0, hi and above to 255.
func stretch(v byte, lo, hi int) byte {
	return byte(min(max((int(v)-lo)*255/(hi-lo), 0), 255))
}
