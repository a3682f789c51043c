package data

import (
	"image"
	"math"
	"slices"
)

// page is the picture cut to the sheet that it shows, if that lies on something else: within a frame, between bars, on a table, inside a
// drawn box. The places round a sheet that lies askew continue its edge.
func (p plane) page() (sheet plane, found bool) {
	smooth := p.withoutDust()
	ground, mean, edge := levels(smooth)
	if mean-ground < leastContrast {
		return p, false
	}
	var corners []image.Point
	for _, light := range []bool{true, false} {
		of := smooth
		if !light {
			of, edge = smooth.negative(), 256-edge
		}
		if c := sheetIn(of, byte(min(edge, 255))); c != nil && (corners == nil || area(c) > area(corners)) {
			corners = c
		}
	}
	if corners == nil {
		return p, false
	}
	return p.within(corners), true
}

// sheetIn returns the corners of the largest part at or above the edge if it is a sheet: a rectangle of at least a quarter of the
// picture, nearly filled, with something on it and something round it.
func sheetIn(p plane, edge byte) []image.Point {
	l := label(p, edge)
	q := l.largest(func(q *part) int { return q.area })
	if q == nil || 4*q.area < p.w*p.h {
		return nil
	}
	corners := hull(l.outline(p, q))
	covered, inside := area(corners), 0
	for y := q.box.Min.Y; y < q.box.Max.Y; y++ {
		from, to := q.box.Max.X, q.box.Min.X
		for x := q.box.Min.X; x < q.box.Max.X; x++ {
			if l.of[y*p.w+x] == q.number {
				from, to = min(from, x), max(to, x+1)
			}
		}
		inside += max(to-from, 0)
	}
	other := 0 // pixels of the surroundings that are as light or dark as the sheet
	for i := range l.parts {
		if l.parts[i].number != q.number && !l.parts[i].box.In(q.box) {
			other += l.parts[i].area
		}
	}
	switch holes := inside - q.area; {
	case covered > 0.995*float64(p.w*p.h) && q.box == p.bounds(), // nothing is round it
		2*other > p.w*p.h-inside && (q.box.Dx() == p.w || q.box.Dy() == p.h), // or it is a strip between lines
		float64(inside) < 0.93*covered,                                       // it is no convex shape
		covered < 0.88*smallestRectangle(corners),                            // or no rectangle, as an ellipse (0.785) is none
		400*holes < inside || 5*holes > 2*inside,                             // blank, or more than half of it is ink
		!l.endsSharply(p, q):                                                 // the light falls off, or a shadow lies there
		return nil
	}
	return corners
}

// endsSharply says whether a part is half as bright again as what is close by to its left and right, above and below.
func (l *labelled) endsSharply(p plane, q *part) bool {
	box, number, soft := q.box, q.number, softEdge(p)
	var steps []int // in hundredths of the brightness inside
	// step compares the first pixels of a line that runs into the part.
	step := func(at, stride, before, after int) {
		if before == 0 || after < soft {
			return
		}
		outside := p.v[at-stride]
		for i := 1; i <= min(soft, before); i++ {
			outside = min(outside, p.v[at-i*stride])
		}
		inside := int(p.v[at+soft*stride])
		steps = append(steps, 100*(inside-int(outside))/max(inside, 1))
	}
	for y := box.Min.Y; y < box.Max.Y; y++ {
		row := l.of[y*p.w:][:p.w]
		from, to := slices.Index(row, number), box.Max.X-1
		for from >= 0 && row[to] != number {
			to--
		}
		if from >= 0 {
			step(y*p.w+from, 1, from, to-from)
			step(y*p.w+to, -1, p.w-1-to, to-from)
		}
	}
	for x := box.Min.X; x < box.Max.X; x++ {
		from, to := box.Min.Y, box.Max.Y-1
		for from < to && l.of[from*p.w+x] != number {
			from++
		}
		for to > from && l.of[to*p.w+x] != number {
			to--
		}
		step(from*p.w+x, p.w, from, to-from)
		step(to*p.w+x, -p.w, p.h-1-to, to-from)
	}
	slices.Sort(steps)
	return len(steps) > 0 && steps[len(steps)/2] >= 33
}

// softEdge is how far an edge in a picture may be blurred.
func softEdge(p plane) int { return 1 + max(p.w, p.h)/200 }

// outline lists the corners of a part's first and last pixel of each row.
func (l *labelled) outline(p plane, q *part) (points []image.Point) {
	for y := q.box.Min.Y; y < q.box.Max.Y; y++ {
		row := l.of[y*p.w:][:p.w]
		from := slices.Index(row, q.number)
		if from < 0 {
			continue
		}
		to := q.box.Max.X
		for row[to-1] != q.number {
			to--
		}
		points = append(points, image.Pt(from, y), image.Pt(from, y+1), image.Pt(to, y), image.Pt(to, y+1))
	}
	return points
}

// hull returns the corners of the points' convex hull in the order of a walk round it (A. M. Andrew, "Another efficient algorithm for
// convex hulls in two dimensions", 1979).
func hull(points []image.Point) []image.Point {
	slices.SortFunc(points, func(a, b image.Point) int {
		if a.X != b.X {
			return a.X - b.X
		}
		return a.Y - b.Y
	})
	half := func() (chain []image.Point) {
		for _, c := range points {
			for len(chain) > 1 && cross(chain[len(chain)-2], chain[len(chain)-1], c) <= 0 {
				chain = chain[:len(chain)-1]
			}
			chain = append(chain, c)
		}
		return chain[:len(chain)-1]
	}
	lower := half()
	slices.Reverse(points)
	return append(lower, half()...)
}

// cross is above 0 where the way from a over b to c turns from the x axis towards the y axis.
func cross(a, b, c image.Point) int { return (b.X-a.X)*(c.Y-a.Y) - (b.Y-a.Y)*(c.X-a.X) }

// area is that of a polygon (the shoelace formula).
func area(corners []image.Point) float64 {
	twice := 0
	for i, c := range corners {
		next := corners[(i+1)%len(corners)]
		twice += c.X*next.Y - c.Y*next.X
	}
	return math.Abs(float64(twice)) / 2
}

// smallestRectangle is the area of the smallest rectangle, turned as need be, that holds a convex polygon. One side of it lies along one
// of the polygon's (H. Freeman and R. Shapira, "Determining the minimum-area encasing rectangle for an arbitrary closed curve", 1975).
func smallestRectangle(corners []image.Point) float64 {
	least := math.Inf(1)
	for i, c := range corners {
		next := corners[(i+1)%len(corners)]
		dx, dy := next.X-c.X, next.Y-c.Y
		minU, maxU, minV, maxV := math.MaxInt, math.MinInt, math.MaxInt, math.MinInt
		for _, k := range corners {
			u, v := k.X*dx+k.Y*dy, k.Y*dx-k.X*dy
			minU, maxU, minV, maxV = min(minU, u), max(maxU, u), min(minV, v), max(maxV, v)
		}
		least = min(least, float64(maxU-minU)*float64(maxV-minV)/float64(dx*dx+dy*dy))
	}
	return least
}

// within is the part of the plane inside a convex polygon, less its soft edge; each row beside it goes on as it ends there.
func (p plane) within(corners []image.Point) plane {
	soft := softEdge(p)
	spans := make([][2]int, p.h) // of each row the pixels inside
	top, bottom := p.h, 0
	for y := range p.h {
		from, to := math.Inf(1), math.Inf(-1)
		middle := float64(y) + 0.5
		for i, c := range corners {
			next := corners[(i+1)%len(corners)]
			if y0, y1 := float64(c.Y), float64(next.Y); (y0 <= middle) != (y1 <= middle) {
				x := float64(c.X) + (middle-y0)/(y1-y0)*float64(next.X-c.X)
				from, to = min(from, x), max(to, x)
			}
		}
		if spans[y] = [2]int{int(from+0.5) + soft, int(to+0.5) - soft}; from < to && spans[y][0] < spans[y][1] {
			top, bottom = min(top, y), max(bottom, y+1)
		}
	}
	top, bottom = top+soft, bottom-soft
	left, right := p.w, 0
	for y := top; y < bottom; y++ {
		left, right = min(left, spans[y][0]), max(right, spans[y][1])
	}
	if top >= bottom || left >= right {
		return p
	}
	out := newPlane(right-left, bottom-top)
	for y := top; y < bottom; y++ {
		row, from, to := out.v[(y-top)*out.w:][:out.w], spans[y][0], spans[y][1]
		for x := range row {
			row[x] = p.v[y*p.w+min(max(left+x, from), to-1)]
		}
	}
	return out
}
