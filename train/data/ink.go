package data

import (
	"image"
	"slices"
)

const surroundings = "what surrounds the page"

// ink is what was found drawn on a picture.
type ink struct {
	strength plane           // 0 to 255, of the ink alone: all else is 0
	box      image.Rectangle // of the pixels that are ink
	ground   int             // the mean strength of what is no ink
	mean     int             // the mean strength of the ink
	light    bool            // it is lighter than its surroundings
	left     []string        // what was left out
	several  bool            // there is more than one drawing
}

// findInk tells the drawing on a picture from its ground and from whatever else is on it; nil if nothing stands out.
//
// Ink is darker than its surroundings, or lighter. Whichever is the wrong one of the two finds what the strokes enclose, which is as
// bright as the rest of the page. What that is, two surfaces tell: where the light falls off, the border is darker than the middle, and
// a large drawing covers more of the page than of its border, which therefore counts twice.
func findInk(p plane) *ink {
	isCut := false
	for range 3 {
		page, found := p.page()
		if !found {
			break
		}
		p, isCut = page, true
	}
	dark, light := newSheet(p), newSheet(p.negative())
	s := dark
	if light.contrast > dark.contrast {
		s = light
	}
	if s.contrast < leastContrast {
		return nil
	}
	if isCut {
		s.leave(surroundings)
	}
	s.dropBoxes()
	s.dropRules()
	s.dropBoxes() // that lines went through
	f := s.choose()
	if f != nil {
		f.light = s == light
	}
	return f
}

// sheet is a picture under the supposition that ink is dark.
type sheet struct {
	strength     plane // the relief, without what was dropped
	edge         byte  // and at and above which it is ink
	ground, mean int
	parts        *labelled
	contrast     float64 // of the largest part with the page
	left         []string
}

// newSheet separates ink and ground, without what surrounds the page.
func newSheet(p plane) *sheet {
	s := &sheet{strength: relief(p, max(max(p.w, p.h)/6, 3))}
	for s.separate() && s.dropSurrounds() { // what is left may have surroundings too
	}
	main, paper, border := s.parts.heaviest(), p.paper(), p.borderSlope()
	if main == nil {
		return s
	}
	for i, of := range s.parts.of {
		if of == main.number {
			ground := (2*border(i%p.w, i/p.w) + paper(i%p.w, i/p.w)) / 3
			s.contrast += (ground - float64(p.v[i])) / float64(main.area)
		}
	}
	return s
}

// separate finds the ink's edge and its parts, and says whether there are any.
func (s *sheet) separate() bool {
	ground, mean, edge := levels(s.strength)
	if s.ground, s.mean, s.edge = ground, mean, byte(edge); mean-ground < leastContrast {
		s.parts = &labelled{of: make([]int32, len(s.strength.v))}
		return false
	}
	s.parts = label(s.strength, s.edge)
	return true
}

// dropSurrounds drops frames, bars and what is seen of a table: parts that lie along the picture's border, unless nothing else
// would be left.
func (s *sheet) dropSurrounds() bool {
	surrounds := func(q *part) bool { return 10*q.contact >= 9*(q.box.Dx()+q.box.Dy()) && q.contact > 3 }
	rest := 0
	for i := range s.parts.parts {
		if q := &s.parts.parts[i]; !surrounds(q) {
			rest = max(rest, q.size())
		}
	}
	if 10*rest < max(s.strength.w, s.strength.h) || !s.parts.erase(s.strength, surrounds) {
		return false
	}
	s.leave(surroundings)
	return true
}

func (s *sheet) leave(what string) {
	if !slices.Contains(s.left, what) {
		s.left = append(s.left, what)
	}
}

// dropBoxes drops rectangles drawn round the largest thing inside them.
func (s *sheet) dropBoxes() {
	inside := func(box image.Rectangle) (size int) {
		for i := range s.parts.parts {
			if q := &s.parts.parts[i]; q.box != box && q.box.In(box) {
				size = max(size, q.size())
			}
		}
		return size
	}
	if s.parts.erase(s.strength, func(q *part) bool {
		return 4*inside(q.box) >= q.size() && s.isBox(q)
	}) {
		s.leave("a box")
		s.separate()
	}
}

// isBox says whether a part has ink along nine tenths of each side of its box, and nearly none elsewhere.
func (s *sheet) isBox(q *part) bool {
	margin := max(q.size()/8, 1)
	inner := q.box.Inset(margin)
	var columns, rows [2]map[int]bool
	for i := range 2 {
		columns[i], rows[i] = map[int]bool{}, map[int]bool{}
	}
	within := 0
	for y := q.box.Min.Y; y < q.box.Max.Y; y++ {
		for x := q.box.Min.X; x < q.box.Max.X; x++ {
			if s.parts.of[y*s.strength.w+x] != q.number {
				continue
			}
			if (image.Point{x, y}).In(inner) {
				within++
			}
			switch {
			case y < inner.Min.Y:
				columns[0][x] = true
			case y >= inner.Max.Y:
				columns[1][x] = true
			}
			switch {
			case x < inner.Min.X:
				rows[0][y] = true
			case x >= inner.Max.X:
				rows[1][y] = true
			}
		}
	}
	return 10*within < q.area &&
		10*min(len(columns[0]), len(columns[1])) >= 9*q.box.Dx() && 10*min(len(rows[0]), len(rows[1])) >= 9*q.box.Dy()
}

// choose takes the largest part and what belongs to it, and leaves out the specks.
func (s *sheet) choose() *ink {
	f := &ink{strength: s.strength, ground: s.ground, mean: s.mean}
	main := s.parts.heaviest()
	if main == nil {
		return nil
	}
	f.box = main.box
	kept := map[*part]bool{main: true}
	for grown := true; grown; {
		grown = false
		for i := range s.parts.parts {
			q := &s.parts.parts[i]
			if !kept[q] && belongs(q, main, f.box) {
				kept[q], grown = true, true
				f.box = f.box.Union(q.box)
			}
		}
	}
	for i := range s.parts.parts {
		q := &s.parts.parts[i]
		f.several = f.several || q != main && q.equals(main, kept[q])
	}
	switch {
	case len(kept) == len(s.parts.parts):
	case f.several:
		s.leave("other drawings")
	default:
		s.leave("specks")
	}
	// The soft edge of a stroke is below the ink's edge, and no part of it.
	keep := newPlane(f.strength.w, f.strength.h)
	for i, n := range s.parts.of {
		if n > 0 && kept[&s.parts.parts[n-1]] {
			keep.v[i] = 255
		}
	}
	soft := 1 + main.size()/40
	keep = squareMax(keep, soft)
	for i, k := range keep.v {
		if k == 0 {
			f.strength.v[i] = 0
		}
	}
	f.left = s.left
	return f
}

// equals says whether a part is a drawing of its own beside the main one: as high and apart from it, or as large and not kept with it.
func (q *part) equals(main *part, kept bool) bool {
	if !kept {
		return 5*q.area >= 2*main.area
	}
	return 4*q.area >= main.area && 10*q.box.Dy() >= 7*main.box.Dy() && 10*gap(q.box, main.box) >= main.size()
}

// belongs says whether a part is a piece of the drawing: large and not far from it, or small and close by.
func belongs(q, main *part, drawing image.Rectangle) bool {
	apart := gap(q.box, drawing)
	return 25*q.area >= main.area && 4*apart <= main.size() || 200*q.area >= main.area && 16*apart <= main.size()
}

// gap is how far apart two boxes are, below 0 where they overlap.
func gap(a, b image.Rectangle) int {
	return max(a.Min.X-b.Max.X, b.Min.X-a.Max.X, a.Min.Y-b.Max.Y, b.Min.Y-a.Max.Y)
}
