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

// bordered continues the plane on each side by what most of its border is like: a slope of brightness that the border's pixels are
// nearest to in the sum of distances (P. Bloomfield and W. L. Steiger, "Least Absolute Deviations", 1983; by reweighted squares). So
// ink that is cut by the border still stands on ground, and a frame is the beginning of what surrounds the page.
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
			out.v[y*out.w+x] = byte(min(max(slope[0]+slope[1]*float64(px)+slope[2]*float64(py), 0), 255))
		}
	}
	for y := range p.h {
		copy(out.v[(y+margin)*out.w+margin:], p.v[y*p.w:][:p.w])
	}
	return out
}

// borderSlope is the brightness a + b*x + c*y that the border's pixels are nearest to.
func (p plane) borderSlope() (abc [3]float64) {
	type pixel struct{ x, y, v float64 }
	var border []pixel
	step := max((p.w+p.h)/400, 1)
	add := func(x, y int) { border = append(border, pixel{float64(x), float64(y), float64(p.v[y*p.w+x])}) }
	for x := 0; x < p.w; x += step {
		add(x, 0)
		add(x, p.h-1)
	}
	for y := 0; y < p.h; y += step {
		add(0, y)
		add(p.w-1, y)
	}
	slices.SortFunc(border, func(a, b pixel) int { return int(a.v - b.v) })
	abc[0] = border[len(border)/2].v
	for range 20 {
		var m [3][4]float64 // normal equations
		for _, q := range border {
			terms := [4]float64{1, q.x, q.y, q.v}
			weight := 1 / max(math.Abs(q.v-abc[0]-abc[1]*q.x-abc[2]*q.y), 1)
			for i := range 3 {
				for j := range 4 {
					m[i][j] += weight * terms[i] * terms[j]
				}
			}
		}
		next, ok := solve(m)
		if !ok {
			break
		}
		abc = next
	}
	return abc
}

// solve solves three linear equations by Gauss and Jordan's elimination, which needs no pivots here: the matrix is positive definite.
func solve(m [3][4]float64) (x [3]float64, ok bool) {
	for i := range 3 {
		if m[i][i] < 1e-9 {
			return x, false
		}
		for k := range 3 {
			if k == i {
				continue
			}
			f := m[k][i] / m[i][i]
			for j := i; j < 4; j++ {
				m[k][j] -= f * m[i][j]
			}
		}
	}
	for i := range 3 {
		x[i] = m[i][3] / m[i][i]
	}
	return x, true
}
