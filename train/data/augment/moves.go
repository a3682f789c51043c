package augment

import "math"

// flip mirrors each row.
func flip(t *tool, p picture, v []float64) {
	if !t.happens(v[0]) {
		return
	}
	for y := range p.h {
		row := p.x[y*p.w*p.c:][:p.w*p.c]
		for i, j := 0, len(row)-p.c; i < j; i, j = i+p.c, j-p.c {
			for k := range p.c {
				row[i+k], row[j+k] = row[j+k], row[i+k]
			}
		}
	}
}

// flipVertical exchanges rows.
func flipVertical(t *tool, p picture, v []float64) {
	if !t.happens(v[0]) {
		return
	}
	n := p.w * p.c
	for a, b := 0, (p.h-1)*n; a < b; a, b = a+n, b-n {
		for i := range n {
			p.x[a+i], p.x[b+i] = p.x[b+i], p.x[a+i]
		}
	}
}

func crop(t *tool, p picture, v []float64) {
	dx, dy := t.cropped(v[0])
	move(t, p, dx, dy, v[1])
}

// cropped draws how far a crop moves a picture.
func (t *tool) cropped(border float64) (dx, dy int) {
	padding := int(border)
	dy, dx = t.IntN(2*padding+1)-padding, t.IntN(2*padding+1)-padding
	return dx, dy
}

func shift(t *tool, p picture, v []float64) {
	dx, dy := t.shifted(v[0], p.h, p.w)
	move(t, p, dx, dy, v[1])
}

// shifted draws how far a shift moves a picture of h x w.
func (t *tool) shifted(fraction float64, h, w int) (dx, dy int) {
	x, y := t.around(fraction)*float64(w), t.around(fraction)*float64(h)
	return int(math.Round(x)), int(math.Round(y))
}

// move moves the picture right and down by whole pixels.
func move(t *tool, p picture, dx, dy int, fill float64) {
	if dx == 0 && dy == 0 {
		return
	}
	from := t.copyOf(p)
	outside := float32(fill)
	first, last := min(max(dx, 0), p.w), max(min(p.w+dx, p.w), 0) // columns that the picture still has
	for y := range p.h {
		row := p.x[y*p.w*p.c:][:p.w*p.c]
		source := y - dy
		if source < 0 || source >= p.h || first >= last {
			set(row, outside)
			continue
		}
		set(row[:first*p.c], outside)
		copy(row[first*p.c:last*p.c], from[(source*p.w+first-dx)*p.c:])
		set(row[last*p.c:], outside)
	}
}

func set(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

func rotate(t *tool, p picture, v []float64) { turn(t, p, t.around(v[0]), v[1]) }

// turn turns the picture counterclockwise.
func turn(t *tool, p picture, degrees, fill float64) {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	warp(t, p, [4]float64{cos, -sin, sin, cos}, fill)
}

func shear(t *tool, p picture, v []float64) {
	slant(t, p, t.around(v[0]), t.around(v[1]), v[2])
}

// slant moves what lies below the middle right by x times its distance, and what lies right of it down by y times.
func slant(t *tool, p picture, x, y, fill float64) {
	d := 1 - x*y // of [1 x; y 1], whose inverse this is
	warp(t, p, [4]float64{1 / d, -x / d, -y / d, 1 / d}, fill)
}

func zoom(t *tool, p picture, v []float64) {
	scale(t, p, t.between(v[0], v[1]), v[2])
}

// scale enlarges the picture about its middle.
func scale(t *tool, p picture, by, fill float64) {
	warp(t, p, [4]float64{1 / by, 0, 0, 1 / by}, fill)
}

// warp gives each pixel the value that lies where the matrix m, [xx xy; yx yy], takes the pixel's centre, measured from the picture's middle.
// Values between the pixels' centres are bilinear, and what lies outside is fill, each of the four pixels around a place by itself.
func warp(t *tool, p picture, m [4]float64, fill float64) {
	from := t.copyOf(p)
	outside := float32(fill)
	cx, cy := float64(p.w)/2, float64(p.h)/2
	stride := p.w * p.c
	for y := range p.h {
		dy := float64(y) + 0.5 - cy
		for x := range p.w {
			dx := float64(x) + 0.5 - cx
			sx, sy := m[0]*dx+m[1]*dy+cx+0.5, m[2]*dx+m[3]*dy+cy+0.5 // from the centre of a border of one pixel, so that none is below 0
			to := p.x[(y*p.w+x)*p.c:][:p.c]
			if !(sx >= 0 && sx < float64(p.w+1) && sy >= 0 && sy < float64(p.h+1)) {
				set(to, outside)
				continue
			}
			i, j := int(sx), int(sy)
			fx, fy := float32(sx-float64(i)), float32(sy-float64(j))
			i, j = i-1, j-1
			at := j*stride + i*p.c
			if i >= 0 && i+1 < p.w && j >= 0 && j+1 < p.h {
				upper, lower := from[at:][:2*p.c], from[at+stride:][:2*p.c]
				for k := range to {
					to[k] = blend(blend(upper[k], upper[p.c+k], fx), blend(lower[k], lower[p.c+k], fx), fy)
				}
				continue
			}
			for k := range to {
				value := func(i, j int) float32 {
					if i < 0 || i >= p.w || j < 0 || j >= p.h {
						return outside
					}
					return from[j*stride+i*p.c+k]
				}
				to[k] = blend(blend(value(i, j), value(i+1, j), fx), blend(value(i, j+1), value(i+1, j+1), fx), fy)
			}
		}
	}
}

// blend is a part of the way from a to b; never more than the larger nor less than the smaller.
func blend(a, b, part float32) float32 { return a*(1-part) + b*part }

// attempts are how often a part of a picture is drawn that may not fit.
const attempts = 10

func resizedCrop(t *tool, p picture, v []float64) {
	x, y, w, h := t.part(p, v)
	enlarge(t, p, x, y, w, h)
}

// enlarge makes the picture of its part of w x h pixels from column x and row y on.
func enlarge(t *tool, p picture, x, y, w, h int) {
	from := t.copyOf(p)
	columns := make([]neighbours, p.w)
	for j := range columns {
		columns[j] = neighboursOf(j, p.w, w)
	}
	for i := range p.h {
		row := neighboursOf(i, p.h, h)
		upper, lower := from[((y+row.a)*p.w+x)*p.c:][:w*p.c], from[((y+row.b)*p.w+x)*p.c:][:w*p.c]
		for j, column := range columns {
			to := p.x[(i*p.w+j)*p.c:][:p.c]
			for k := range to {
				a, b := column.a*p.c+k, column.b*p.c+k
				to[k] = blend(blend(upper[a], upper[b], column.part), blend(lower[a], lower[b], column.part), row.part)
			}
		}
	}
}

// part draws the part of a picture that resized_crop takes.
func (t *tool) part(p picture, v []float64) (x, y, w, h int) {
	whole := float64(p.w * p.h)
	for range attempts {
		area := whole * t.between(v[0], v[1])
		ratio := math.Exp(t.between(math.Log(v[2]), math.Log(v[3])))
		w, h = int(math.Round(math.Sqrt(area*ratio))), int(math.Round(math.Sqrt(area/ratio)))
		if w >= 1 && w <= p.w && h >= 1 && h <= p.h {
			return t.IntN(p.w - w + 1), t.IntN(p.h - h + 1), w, h
		}
	}
	w, h = p.w, p.h
	switch ratio := float64(p.w) / float64(p.h); {
	case ratio < v[2]:
		h = max(1, int(math.Round(float64(p.w)/v[2])))
	case ratio > v[3]:
		w = max(1, int(math.Round(float64(p.h)*v[3])))
	}
	return (p.w - w) / 2, (p.h - h) / 2, w, h
}

// neighbours are two pixels beside each other, and a place between their centres.
type neighbours struct {
	a, b int
	part float32 // of the way from a to b
}

// neighboursOf says where among a few pixels one of many lies.
func neighboursOf(i, many, few int) neighbours {
	at := min(max((float64(i)+0.5)*float64(few)/float64(many)-0.5, 0), float64(few-1))
	a := int(at)
	return neighbours{a, min(a+1, few-1), float32(at - float64(a))}
}
