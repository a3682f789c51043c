package data

import (
	"image"
	"math"
	"slices"
)

// relief says how much darker than the ground each pixel is: 0 on the ground, 255 where nothing is left of its light.
//
// The ground under dark ink is the closing of the picture by a square that no stroke can hold, the difference to it the black top-hat
// (F. Meyer, "Iterative image transformations for an automatic screening of cervical smears", 1979; P. Soille, "Morphological Image
// Analysis", 2nd edition, section 4.5). It follows shadows and the edges of what is larger than the square, such as a sheet
// on a table. The difference is divided by the ground, since ink takes away a share of the light that falls on it.
func relief(p plane, reach int) plane {
	ground := p
	if min(p.w, p.h) >= 2*mnistSide {
		ground = p.withoutDust()
	}
	ground = closing(ground.bordered(reach), reach).cut(p.bounds().Add(image.Pt(reach, reach)))
	// Below this a ground is so dark that its own noise would pass for ink.
	const darkest = 96
	d := newPlane(p.w, p.h)
	for i, v := range p.v {
		if g := ground.v[i]; g > v {
			d.v[i] = byte(min((int(g)-int(v))*255/max(int(g), darkest), 255))
		}
	}
	return d
}

// closing is the plane's least upper envelope that is nowhere narrower than the square of 2*reach+1 pixels: its largest values over
// that square, and of these the smallest.
func closing(p plane, reach int) plane {
	return squareMax(squareMax(p, reach).negative(), reach).negative()
}

// squareMax is each pixel's largest value in the square that reaches as far to each side.
func squareMax(p plane, reach int) plane {
	return runningMax(runningMax(p, reach).transposed(), reach).transposed()
}

// runningMax is each row's largest value within reach on both sides, in three comparisons a pixel however far it reaches (M. van Herk,
// "A fast algorithm for local minimum and maximum filters on rectangular and octagonal kernels", 1992).
func runningMax(p plane, reach int) plane {
	out := newPlane(p.w, p.h)
	window := 2*reach + 1
	// The row with its margins, cut into pieces of the window's length: the largest from a piece's beginning, and to its end.
	n := (p.w + 2*reach + window - 1) / window * window
	ahead, behind := make([]byte, n), make([]byte, n)
	for y := range p.h {
		row := p.v[y*p.w:][:p.w]
		clear(ahead)
		copy(ahead[reach:], row)
		copy(behind, ahead)
		for at := 0; at < n; at += window {
			for i := at + 1; i < at+window; i++ {
				ahead[i] = max(ahead[i], ahead[i-1])
			}
			for i := at + window - 2; i >= at; i-- {
				behind[i] = max(behind[i], behind[i+1])
			}
		}
		for x := range p.w {
			out.v[y*p.w+x] = max(behind[x], ahead[x+window-1])
		}
	}
	return out
}

// bordered continues the plane on each side by what most of its border is like. So ink that is cut by the border still stands on ground,
// and a frame is the beginning of what surrounds the page.
func (p plane) bordered(margin int) plane {
	slope := p.borderSlope()
	out := newPlane(p.w+2*margin, p.h+2*margin)
	for y := range out.h {
		for x := range out.w {
			px, py := x-margin, y-margin
			if px >= 0 && px < p.w && py >= 0 && py < p.h {
				continue
			}
			// Outside, the brightness is that of the border's nearest pixel.
			px, py = min(max(px, 0), p.w-1), min(max(py, 0), p.h-1)
			out.v[y*out.w+x] = byte(min(max(slope(px, py), 0), 255))
		}
	}
	for y := range p.h {
		copy(out.v[(y+margin)*out.w+margin:], p.v[y*p.w:][:p.w])
	}
	return out
}

// surface is a brightness for each place of a picture.
type surface func(x, y int) float64

// borderSlope is the plane that the brightness of the border's pixels is nearest to. Where there is room, these lie as far inside as an
// edge is soft, since a hair line along the border is none of the page.
func (p plane) borderSlope() surface {
	inset := 0
	if min(p.w, p.h) >= 2*mnistSide {
		inset = softEdge(p)
	}
	var border []image.Point
	step := max((p.w+p.h)/400, 1)
	for x := inset; x < p.w-inset; x += step {
		border = append(border, image.Pt(x, inset), image.Pt(x, p.h-1-inset))
	}
	for y := inset; y < p.h-inset; y += step {
		border = append(border, image.Pt(inset, y), image.Pt(p.w-1-inset, y))
	}
	return p.fitSurface(border, 3)
}

// paper is the quadric that the brightness of the whole page is nearest to: most of a page is ground, and light falls off smoothly.
func (p plane) paper() surface {
	var places []image.Point
	step := max(max(p.w, p.h)/50, 1)
	for y := min(step/2, p.h-1); y < p.h; y += step {
		for x := min(step/2, p.w-1); x < p.w; x += step {
			places = append(places, image.Pt(x, y))
		}
	}
	return p.fitSurface(places, 6)
}

// fitSurface finds the combination of the first so many of 1, x, y, xx, xy and yy whose distances to the brightness of the places have the
// least sum (P. Bloomfield and W. L. Steiger, "Least Absolute Deviations", 1983), by reweighted least squares from the median on. What
// is on fewer than half of the places hardly moves it.
func (p plane) fitSurface(places []image.Point, terms int) surface {
	at := func(x, y int) [6]float64 {
		u, v := 2*float64(x)/float64(p.w)-1, 2*float64(y)/float64(p.h)-1
		return [6]float64{1, u, v, u * u, u * v, v * v}
	}
	var factors [6]float64
	value := func(t [6]float64) (sum float64) {
		for i := range terms {
			sum += factors[i] * t[i]
		}
		return sum
	}
	levels := make([]byte, len(places))
	for i, q := range places {
		levels[i] = p.v[q.Y*p.w+q.X]
	}
	sorted := slices.Sorted(slices.Values(levels))
	factors[0] = float64(sorted[len(sorted)/2])
	for range 20 {
		var m [6][7]float64 // normal equations, the right side last
		for i, q := range places {
			t, level := at(q.X, q.Y), float64(levels[i])
			weight := 1 / max(math.Abs(level-value(t)), 1)
			for j := range terms {
				for k := range terms {
					m[j][k] += weight * t[j] * t[k]
				}
				m[j][6] += weight * t[j] * level
			}
		}
		next, ok := solve(m, terms)
		if !ok {
			break // the places lie on a line
		}
		factors = next
	}
	return func(x, y int) float64 { return value(at(x, y)) }
}

// solve solves the first n equations by Gauss and Jordan's elimination, which needs no pivots here: the matrix is positive definite.
func solve(m [6][7]float64, n int) (x [6]float64, ok bool) {
	for i := range n {
		if m[i][i] < 1e-9 {
			return x, false
		}
		for k := range n {
			if k == i {
				continue
			}
			f := m[k][i] / m[i][i]
			for j := i; j < 7; j++ {
				m[k][j] -= f * m[i][j]
			}
		}
	}
	for i := range n {
		x[i] = m[i][6] / m[i][i]
	}
	return x, true
}
