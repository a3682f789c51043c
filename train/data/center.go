package data

import (
	"image"
	"math"
	"slices"

	"golang.org/x/image/draw"
)

const (
	mnistSide = 28 // of an MNIST image
	mnistInk  = 20 // of the square that its digit fits into
	emnistInk = 24
	// leastContrast between ink and ground, below which a picture counts as blank.
	leastContrast = 16
)

// center prepares a grey picture as the images of MNIST or EMNIST were: its ink, light on black, scaled to fit and placed in 28x28. A
// picture that is framed as they are is left as it is.
func (p *preparation) center(how Preparation) {
	grey := planeOf(p.flat)
	light, framed := p.framed(how.Framing)
	f := findInk(grey)
	if f == nil && !framed {
		p.sayBlank()
		p.invert(how.Ground)
		return
	}
	switch {
	case grey.isNoise():
		p.doubt = "the picture is noise"
	case f != nil && f.several:
		p.doubt = "more than one drawing is on the picture"
	}
	if !framed {
		light = f.light
	}
	dark := how.Ground == LightGround || how.Ground == AnyGround && !light // ink in the result
	if !light && !dark {
		p.say("inverted (its ink is dark)")
	} else if light && dark {
		p.say("inverted (its ink is light)")
	}
	if framed {
		if light == dark {
			p.negative()
		}
		return
	}
	p.place(f, how.Framing)
	if dark {
		p.negative()
	}
}

// sayBlank says that there is nothing to be centred.
func (p *preparation) sayBlank() {
	p.doubt = "nothing stands out from the page"
	p.say("found no ink to centre")
}

// framed says whether the picture has the size of a set's images, and light or dark ink on an empty ground that lies in it as in them. That
// is seen without a search for ink, which may leave out what belongs to a drawing as small as these.
func (p *preparation) framed(framing Framing) (light, framed bool) {
	const faint, ink, page = 32, 128, 280 // brightness, brightness, and pixels that are more than a drawing has
	ground := background(p.flat).R
	light = ground <= faint
	if p.flat.Rect.Size() != image.Pt(mnistSide, mnistSide) || !light && ground < 255-faint {
		return light, false
	}
	strength, box, area := newPlane(mnistSide, mnistSide), image.Rectangle{}, 0
	for i := range strength.v {
		v := p.flat.Pix[4*i]
		v = max(v, ground) - min(v, ground)
		if v >= ink {
			x, y := i%mnistSide, i/mnistSide
			box = box.Union(image.Rect(x, y, x+1, y+1))
			area++
		}
		if v >= faint {
			strength.v[i] = v
		}
	}
	size := max(box.Dx(), box.Dy())
	x, y := float64(box.Min.X+box.Max.X)/2, float64(box.Min.Y+box.Max.Y)/2
	smallest, off := 17, 2.
	switch framing {
	case MNISTFraming:
		x, y = strength.centreOfMass()
	case DigitsFraming:
		smallest = 13
		if size >= 16 {
			off = 5.5
		}
	}
	const middle = mnistSide / 2.
	return light, area < page && size >= smallest && math.Abs(x-middle) <= off && math.Abs(y-middle) <= off
}

// place scales the ink to its size and puts it where it belongs, light on black.
func (p *preparation) place(f *ink, framing Framing) {
	for _, what := range f.left {
		p.say("left out %s", what)
	}
	// Paper is not evenly bright: what is nearly as dark as the ground counts as ground.
	ground := f.ground + (f.mean-f.ground)/8
	for i, v := range f.strength.v {
		f.strength.v[i] = stretch(v, ground, f.mean)
	}
	square := mnistInk
	if framing == EMNISTFraming {
		square = emnistInk
	}
	to := within(f.box, square, square)
	digit := image.NewRGBA(to)
	draw.CatmullRom.Scale(digit, to, f.strength.gray(), f.box, draw.Src, nil)
	values := planeOf(digit)
	mass, mx, my := values.moments()
	if mass == 0 {
		p.sayBlank()
		p.flat = image.NewRGBA(image.Rect(0, 0, mnistSide, mnistSide))
		return
	}
	// A thin line fades as it is scaled down; MNIST's strokes are white.
	peak := int(slices.Max(values.v))
	for i := range digit.Pix {
		digit.Pix[i] = stretch(digit.Pix[i], 0, peak)
	}
	at, how := image.Pt(offset(to.Dx(), mx, mass), offset(to.Dy(), my, mass)), "by mass in 28x28 as MNIST's digits are"
	if framing == EMNISTFraming {
		at, how = image.Pt((mnistSide-to.Dx())/2, (mnistSide-to.Dy())/2), "in 28x28 as EMNIST's characters are"
	}
	p.flat = image.NewRGBA(image.Rect(0, 0, mnistSide, mnistSide))
	draw.Draw(p.flat, to.Add(at), digit, image.Point{}, draw.Src)
	p.say("cut to its ink (%dx%d), resized %dx%d -> %dx%d and centred %s", f.box.Dx(), f.box.Dy(), p.size.X, p.size.Y, to.Dx(), to.Dy(), how)
}

// offset returns where n pixels begin so that their mass has its centre in pixel 14 of 28, which is where
// MNIST's images have it on average, as far as they stay on the page. The moment is that of [plane.moments].
func offset(n, moment, mass int) int {
	const twiceMiddle = mnistSide + 1 // of pixel 14
	return min(max((twiceMiddle*mass-moment+mass)/(2*mass), 0), mnistSide-n)
}

// levels returns the mean brightness of the ground and of the ink, and the edge at and above which a
// pixel is ink: Otsu's threshold, which makes the variance between the two greatest (N. Otsu, "A
// threshold selection method from gray-level histograms", 1979).
func levels(p plane) (ground, ink, edge int) {
	var count, sum [257]int // of the pixels darker than the index
	for _, v := range p.v {
		count[int(v)+1]++
	}
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

// stretch maps lo and below to 0, hi and above to 255.
func stretch(v byte, lo, hi int) byte {
	return byte(min(max((int(v)-lo)*255/(hi-lo), 0), 255))
}
