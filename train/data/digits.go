package data

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
)

const (
	digitSide   = 28
	digitsTrain = 12000
	digitsTest  = 2000

	// The two sets are drawn from generators with different seeds, so that no image is in both.
	digitsTrainSeed = 1
	digitsTestSeed  = 2
)

// Digits returns the built-in data: 28x28 grey images of handwritten-like digits, light ink on a dark
// ground as in MNIST, 12,000 for training and 2,000 for testing. Image i shows the digit i mod 10.
//
// Each image is one of several ways of writing its digit (strokes.go), with its points shaken, bent by
// a smooth warp, slanted, turned, scaled and shifted, then drawn with a pen of random width and
// pressure on a noisy ground. Only integers are used, square roots aside (which IEEE 754 rounds
// exactly), so every 64-bit machine draws the same bytes.
func Digits() (train, test Set) {
	return drawDigits(digitsTrain, digitsTrainSeed), drawDigits(digitsTest, digitsTestSeed)
}

func drawDigits(n int, seed uint64) *images {
	set := &images{
		name:    "digits",
		shape:   []int{digitSide, digitSide, 1},
		classes: tenDigits,
		pixels:  make([]byte, n*digitSide*digitSide),
		labels:  make([]byte, n),
	}
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				d := dice{rand.NewPCG(seed, uint64(i))}
				set.labels[i] = byte(i % 10)
				d.writeDigit(set.pixels[i*digitSide*digitSide:][:digitSide*digitSide], i%10)
			}
		})
	}
	wg.Wait()
	return set
}

// dice draws the random choices of one image. It reduces the generator's bits by itself, so that the
// images do not depend on how a Go release maps them to ranges.
type dice struct{ bits *rand.PCG }

// below returns 0 to n-1, evenly.
func (d dice) below(n int) int { return int((d.bits.Uint64() >> 32) * uint64(n) >> 32) }

// between returns lo to hi, evenly.
func (d dice) between(lo, hi int) int { return lo + d.below(hi-lo+1) }

// about returns -a to a, small numbers more often than large ones: the mean of three even draws.
func (d dice) about(a int) int { return (d.between(-a, a) + d.between(-a, a) + d.between(-a, a)) / 3 }

// Lengths on the page are integers in units of 1/unit of a pixel; so are factors, with unit as 1.
const unit = 1 << 10

// writeDigit draws one image of the digit into page, which is all zeros.
func (d dice) writeDigit(page []byte, digit int) {
	ways := handwriting[digit]
	hand := d.pose()
	radius := d.between(unit*7/10, unit*16/10)
	ink := d.between(170, 255)
	for _, s := range ways[d.below(len(ways))] {
		line := make([]point, len(s))
		for i, p := range s {
			line[i] = hand.place(point{p.x + d.about(hand.shake), p.y + d.about(hand.shake)})
			if i > 0 && s[i] == s[i-1] {
				line[i] = line[i-1]
			}
		}
		line = smooth(line)
		lift := d.between(unit*6/10, unit*11/10)
		for i := 1; i < len(line); i++ {
			r := radius * (unit + (lift-unit)*i/len(line)) / unit
			drawSegment(page, line[i-1], line[i], r, ink)
		}
	}
	d.dirty(page)
}

// pose is how one image's digit lies on the page.
type pose struct {
	xx, xy, yx, yy int    // linear map from the digit's box, centred, to the page
	centre         point  // of the box on the page
	bend           [6]int // smooth warp: quadratic terms
	shake          int    // how far points stray, in the box's units
}

func (d dice) pose() pose {
	height := d.between(15*unit, 21*unit)
	width := height * d.between(50*unit, 95*unit) / (100 * unit)
	slant, turn := d.about(unit*50/100), d.about(unit*35/100)
	p := pose{
		xx: width, xy: -height * slant / unit,
		yx: width * turn / unit, yy: height,
		centre: point{digitSide*unit/2 + d.about(7*unit/2), digitSide*unit/2 + d.about(7*unit/2)},
		shake:  d.between(5, 14),
	}
	for i := range p.bend {
		p.bend[i] = d.about(unit * 45 / 100)
	}
	return p
}

// place maps a point of the digit's box to the page.
func (p pose) place(q point) point {
	u, v := (q.x-50)*unit/100, (q.y-50)*unit/100
	uu, uv, vv := u*u/unit, u*v/unit, v*v/unit
	u, v = u+(p.bend[0]*uu+p.bend[1]*uv+p.bend[2]*vv)/unit, v+(p.bend[3]*uu+p.bend[4]*uv+p.bend[5]*vv)/unit
	return point{p.centre.x + (p.xx*u+p.xy*v)/unit, p.centre.y + (p.yx*u+p.yy*v)/unit}
}

// smooth returns the Catmull-Rom spline through the points as a line of many short pieces.
func smooth(pts []point) []point {
	const pieces = 6
	at := func(i int) point { return pts[min(max(i, 0), len(pts)-1)] }
	line := []point{pts[0]}
	for i := range len(pts) - 1 {
		a, b, c, e := at(i-1), at(i), at(i+1), at(i+2)
		if b == c {
			continue
		}
		for t := 1; t <= pieces; t++ {
			line = append(line, point{catmullRom(a.x, b.x, c.x, e.x, t, pieces), catmullRom(a.y, b.y, c.y, e.y, t, pieces)})
		}
	}
	return line
}

// catmullRom is the uniform Catmull-Rom spline (tension 1/2) from b to c at t/n.
func catmullRom(a, b, c, e, t, n int) int {
	return b + ((c-a)*t*n*n+(2*a-5*b+4*c-e)*t*t*n+(3*b-a-3*c+e)*t*t*t)/(2*n*n*n)
}

// drawSegment inks the pixels within r of the segment from a to b, with an edge one pixel soft.
func drawSegment(page []byte, a, b point, r, ink int) {
	reach := r + unit
	x0, x1 := max((min(a.x, b.x)-reach)/unit, 0), min((max(a.x, b.x)+reach)/unit, digitSide-1)
	y0, y1 := max((min(a.y, b.y)-reach)/unit, 0), min((max(a.y, b.y)+reach)/unit, digitSide-1)
	for y := y0; y <= y1; y++ {
		for x := x0; x <= x1; x++ {
			dist := distance(point{x*unit + unit/2, y*unit + unit/2}, a, b)
			cover := min(max(r-dist+unit/2, 0), unit)
			at := &page[y*digitSide+x]
			*at = max(*at, byte(ink*cover/unit))
		}
	}
}

// distance from p to the segment from a to b.
func distance(p, a, b point) int {
	dx, dy := b.x-a.x, b.y-a.y
	along := (p.x-a.x)*dx + (p.y-a.y)*dy
	if length := dx*dx + dy*dy; length > 0 {
		t := min(max(along*unit/length, 0), unit)
		a = point{a.x + dx*t/unit, a.y + dy*t/unit}
	}
	ex, ey := p.x-a.x, p.y-a.y
	return int(math.Sqrt(float64(ex*ex + ey*ey)))
}

// dirty adds noise to the page: grain everywhere, of a strength that differs from image to image.
func (d dice) dirty(page []byte) {
	grain := d.between(0, 60)
	for i, v := range page {
		page[i] = byte(min(max(int(v)+d.about(grain), 0), 255))
	}
}
