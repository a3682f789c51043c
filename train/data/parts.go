package data

import "image"

// part is a piece of ink that hangs together.
type part struct {
	number  int32 // from 1
	box     image.Rectangle
	area    int // pixels
	mass    int // sum of the relief
	contact int // pixels on the picture's border, those in its corners counted for both sides
}

func (q *part) size() int { return max(q.box.Dx(), q.box.Dy()) }

// labelled is a picture's ink cut into parts.
type labelled struct {
	of    []int32 // for each pixel the number of its part, from 1, or 0
	parts []part  // in the order of their numbers
}

// label finds the parts of what is at least as strong as the edge: pixels that touch, corners included (A. Rosenfeld and
// J. L. Pfaltz, "Sequential operations in digital picture processing", 1966; here each part is filled from its first pixel).
func label(d plane, edge byte) *labelled {
	l := &labelled{of: make([]int32, len(d.v))}
	var open []int32 // pixels whose neighbours are still to be looked at
	for first, v := range d.v {
		if v < edge || l.of[first] != 0 {
			continue
		}
		number := int32(len(l.parts) + 1)
		q := part{number: number}
		l.of[first] = number
		open = append(open[:0], int32(first))
		for len(open) > 0 {
			i := int(open[len(open)-1])
			open = open[:len(open)-1]
			x, y := i%d.w, i/d.w
			q.add(d, x, y)
			for ny := max(y-1, 0); ny <= min(y+1, d.h-1); ny++ {
				for nx := max(x-1, 0); nx <= min(x+1, d.w-1); nx++ {
					if n := ny*d.w + nx; d.v[n] >= edge && l.of[n] == 0 {
						l.of[n] = number
						open = append(open, int32(n))
					}
				}
			}
		}
		l.parts = append(l.parts, q)
	}
	return l
}

func (q *part) add(d plane, x, y int) {
	q.box = q.box.Union(image.Rect(x, y, x+1, y+1))
	q.area++
	q.mass += int(d.v[y*d.w+x])
	for _, onBorder := range [4]bool{x == 0, y == 0, x == d.w-1, y == d.h-1} {
		if onBorder {
			q.contact++
		}
	}
}

// heaviest is the part with the most ink, nil if there is none.
func (l *labelled) heaviest() *part { return l.largest(func(q *part) int { return q.mass }) }

// largest is the part of the greatest measure, the first if several are, nil if there is none.
func (l *labelled) largest(measure func(*part) int) *part {
	var most *part
	for i := range l.parts {
		if q := &l.parts[i]; most == nil || measure(q) > measure(most) {
			most = q
		}
	}
	return most
}

// erase sets the pixels of the parts that are chosen to 0, and says whether there were any.
func (l *labelled) erase(d plane, chosen func(*part) bool) bool {
	gone := make([]bool, len(l.parts)+1)
	some := false
	for i := range l.parts {
		if chosen(&l.parts[i]) {
			gone[i+1], some = true, true
		}
	}
	if some {
		for i, n := range l.of {
			if gone[n] {
				d.v[i] = 0
			}
		}
	}
	return some
}
