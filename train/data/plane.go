package data

import "image"

// plane is a grey picture, one byte a pixel, row by row.
type plane struct {
	w, h int
	v    []byte
}

func newPlane(w, h int) plane { return plane{w, h, make([]byte, w*h)} }

func (p plane) bounds() image.Rectangle { return image.Rect(0, 0, p.w, p.h) }

// gray is the plane as an image that shares its values.
func (p plane) gray() *image.Gray { return &image.Gray{Pix: p.v, Stride: p.w, Rect: p.bounds()} }

// negative is light where the plane is dark.
func (p plane) negative() plane {
	n := newPlane(p.w, p.h)
	for i, v := range p.v {
		n.v[i] = 255 - v
	}
	return n
}

// transposed has the plane's columns as its rows.
func (p plane) transposed() plane {
	t := newPlane(p.h, p.w)
	const block = 32 // rows and columns that stay in the cache
	for y0 := 0; y0 < p.h; y0 += block {
		for x0 := 0; x0 < p.w; x0 += block {
			for y := y0; y < min(y0+block, p.h); y++ {
				for x := x0; x < min(x0+block, p.w); x++ {
					t.v[x*t.w+y] = p.v[y*p.w+x]
				}
			}
		}
	}
	return t
}

// cut is a copy of a part of the plane.
func (p plane) cut(r image.Rectangle) plane {
	c := newPlane(r.Dx(), r.Dy())
	for y := range c.h {
		copy(c.v[y*c.w:][:c.w], p.v[(r.Min.Y+y)*p.w+r.Min.X:])
	}
	return c
}

// planeOf is the red channel of a picture whose corner is at (0, 0), which is all of a grey one.
func planeOf(img *image.RGBA) plane {
	p := newPlane(img.Rect.Dx(), img.Rect.Dy())
	for i := range p.v {
		p.v[i] = img.Pix[4*i]
	}
	return p
}

// moments are the sum of the values and those of value times 2i+1, which is twice the middle of column or row i.
func (p plane) moments() (mass, mx, my int) {
	for i, v := range p.v {
		mass, mx, my = mass+int(v), mx+int(v)*(2*(i%p.w)+1), my+int(v)*(2*(i/p.w)+1)
	}
	return mass, mx, my
}

// centreOfMass of the values: (0.5, 0.5) is the middle of the first pixel.
func (p plane) centreOfMass() (x, y float64) {
	mass, mx, my := p.moments()
	return float64(mx) / float64(2*mass), float64(my) / float64(2*mass)
}

// withoutDust is the plane with each pixel replaced by the median of itself and its eight neighbours (J. W. Tukey, "Exploratory Data
// Analysis", 1977): what is a pixel or two large disappears, edges stay.
func (p plane) withoutDust() plane {
	out := newPlane(p.w, p.h)
	copy(out.v, p.v)
	for y := 1; y < p.h-1; y++ {
		above, row, below := p.v[(y-1)*p.w:][:p.w], p.v[y*p.w:][:p.w], p.v[(y+1)*p.w:][:p.w]
		for x := 1; x < p.w-1; x++ {
			out.v[y*p.w+x] = medianOfNine(above[x-1:x+2], row[x-1:x+2], below[x-1:x+2])
		}
	}
	return out
}

// medianOfNine sorts the three rows, then takes the median of the largest first, the median second and the smallest third.
func medianOfNine(a, b, c []byte) byte {
	a0, a1, a2 := sorted(a[0], a[1], a[2])
	b0, b1, b2 := sorted(b[0], b[1], b[2])
	c0, c1, c2 := sorted(c[0], c[1], c[2])
	_, middle, _ := sorted(a1, b1, c1)
	_, median, _ := sorted(max(a0, b0, c0), middle, min(a2, b2, c2))
	return median
}

func sorted(a, b, c byte) (byte, byte, byte) {
	least, most := min(a, b, c), max(a, b, c)
	return least, a ^ b ^ c ^ least ^ most, most
}

// isNoise says whether neighbours have nothing to do with each other: the mean square of their differences is then twice the variance
// (J. von Neumann, "Distribution of the ratio of the mean square successive difference to the variance", 1941), and far less in a drawing.
func (p plane) isNoise() bool {
	var sum, squares, steps, pairs float64
	for y := range p.h {
		for x := range p.w {
			v := float64(p.v[y*p.w+x])
			sum, squares = sum+v, squares+v*v
			if x > 0 {
				d := v - float64(p.v[y*p.w+x-1])
				steps, pairs = steps+d*d, pairs+1
			}
			if y > 0 {
				d := v - float64(p.v[(y-1)*p.w+x])
				steps, pairs = steps+d*d, pairs+1
			}
		}
	}
	n := float64(len(p.v))
	variance := (squares - sum*sum/n) / n
	return variance > leastContrast && steps/max(pairs, 1) > 1.5*variance
}
