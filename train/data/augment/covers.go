package augment

import "math"

func erase(t *tool, p picture, v []float64) {
	if !t.happens(v[0]) {
		return
	}
	for range attempts {
		area := float64(p.w*p.h) * t.between(v[1], v[2])
		ratio := t.between(v[3], 1/v[3])
		h, w := int(math.Round(math.Sqrt(area*ratio))), int(math.Round(math.Sqrt(area/ratio)))
		if w < 1 || h < 1 || w > p.w || h > p.h {
			continue
		}
		x, y := t.IntN(p.w-w+1), t.IntN(p.h-h+1)
		for i := y; i < y+h; i++ {
			row := p.x[(i*p.w+x)*p.c:][:w*p.c]
			for j := range row {
				row[j] = t.Float32()
			}
		}
		return
	}
}

func cutout(t *tool, p picture, v []float64) {
	size, fill := int(v[0]), float32(v[1])
	x, y := t.IntN(p.w)-size/2, t.IntN(p.h)-size/2
	left, right := max(x, 0), min(x+size, p.w)
	for i := max(y, 0); i < min(y+size, p.h); i++ {
		set(p.x[(i*p.w+left)*p.c:(i*p.w+right)*p.c], fill)
	}
}

func blur(t *tool, p picture, v []float64) {
	if t.happens(v[2]) {
		smear(t, p, t.between(v[0], v[1]))
	}
}

// smear blurs by a Gaussian of a standard deviation, along the rows and then along the columns.
func smear(t *tool, p picture, sigma float64) {
	radius := int(math.Ceil(3 * sigma))
	taps, sum := make([]float32, 2*radius+1), 0.0
	for i := range taps {
		sum += gauss(i-radius, sigma)
	}
	for i := range taps {
		taps[i] = float32(gauss(i-radius, sigma) / sum)
	}
	along := func(n, step int, line int) {
		from := t.spare
		for i := range n {
			for k := range p.c {
				var v float32
				for j, tap := range taps {
					v += tap * from[line+min(max(i+j-radius, 0), n-1)*step+k]
				}
				p.x[line+i*step+k] = cut(v)
			}
		}
	}
	t.copyOf(p)
	for y := range p.h {
		along(p.w, p.c, y*p.w*p.c)
	}
	t.copyOf(p)
	for x := range p.w {
		along(p.h, p.w*p.c, x*p.c)
	}
}

func gauss(i int, sigma float64) float64 { return math.Exp(-float64(i*i) / (2 * sigma * sigma)) }

// cut is the nearest level from 0 to 1.
func cut(v float32) float32 { return min(max(v, 0), 1) }
