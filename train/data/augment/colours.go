package augment

import "math"

// luma is how light a colour is, as television has it.
func luma(r, g, b float32) float32 { return 0.299*r + 0.587*g + 0.114*b }

// light is the lightness of the pixel whose values these are.
func light(pixel []float32) float32 {
	if len(pixel) < 3 {
		return pixel[0]
	}
	return luma(pixel[0], pixel[1], pixel[2])
}

func grey(t *tool, p picture, v []float64) {
	if t.happens(v[0]) {
		saturate(p, 0)
	}
}

func colorJitter(t *tool, p picture, v []float64) {
	var f [4]float64
	for i := range 3 {
		f[i] = 1 + t.around(v[i])
	}
	f[3] = t.around(v[3])
	for _, i := range t.Perm(4) {
		switch i {
		case 0:
			brighten(p, float32(f[0]))
		case 1:
			contrast(p, float32(f[1]))
		case 2:
			saturate(p, float32(f[2]))
		case 3:
			turnHue(p, f[3])
		}
	}
}

// brighten multiplies each level.
func brighten(p picture, f float32) {
	for i, v := range p.x {
		p.x[i] = cut(f * v)
	}
}

// contrast takes each level f times as far from the mean lightness.
func contrast(p picture, f float32) {
	var sum float64
	for i := 0; i < len(p.x); i += p.c {
		sum += float64(light(p.x[i:][:p.c]))
	}
	mean := float32(sum / float64(p.w*p.h))
	for i, v := range p.x {
		p.x[i] = cut(f*v + (1-f)*mean)
	}
}

// saturate takes each level f times as far from its pixel's lightness.
func saturate(p picture, f float32) {
	if p.c < 3 {
		return
	}
	for i := 0; i < len(p.x); i += p.c {
		pixel := p.x[i:][:3]
		l := light(pixel)
		for k, v := range pixel {
			pixel[k] = cut(f*v + (1-f)*l)
		}
	}
}

// turnHue turns each pixel's hue by a part of the circle (Smith, "Color gamut transform pairs", SIGGRAPH 1978: hexcone model).
func turnHue(p picture, by float64) {
	if p.c < 3 || by == 0 {
		return
	}
	for i := 0; i < len(p.x); i += p.c {
		pixel := p.x[i:][:3]
		h, s, v := hsv(pixel)
		h = (h + by) - math.Floor(h+by)
		rgb(pixel, h, s, v)
	}
}

// hsv is the hue, from 0 to 1, the saturation and the value of a colour.
func hsv(pixel []float32) (h, s, v float64) {
	r, g, b := float64(pixel[0]), float64(pixel[1]), float64(pixel[2])
	v = max(r, g, b)
	d := v - min(r, g, b)
	if d == 0 {
		return 0, 0, v
	}
	switch v {
	case r:
		h = (g - b) / d
	case g:
		h = (b-r)/d + 2
	default:
		h = (r-g)/d + 4
	}
	return h / 6, d / v, v
}

// rgb is the inverse of hsv.
func rgb(pixel []float32, h, s, v float64) {
	sector := math.Floor(6 * h)
	f := 6*h - sector
	p, q, t := float32(v*(1-s)), float32(v*(1-s*f)), float32(v*(1-s*(1-f)))
	top := float32(v)
	var c [3]float32
	switch int(sector) % 6 {
	case 0:
		c = [3]float32{top, t, p}
	case 1:
		c = [3]float32{q, top, p}
	case 2:
		c = [3]float32{p, top, t}
	case 3:
		c = [3]float32{p, q, top}
	case 4:
		c = [3]float32{t, p, top}
	case 5:
		c = [3]float32{top, p, q}
	}
	copy(pixel, c[:])
}

// sharpen takes each level within the border f times as far from what a smoothing makes of it, whose 3x3 pixels count 1 each and the middle
// one 5.
func sharpen(t *tool, p picture, f float32) {
	from := t.copyOf(p)
	stride := p.w * p.c
	for y := 1; y < p.h-1; y++ {
		for i := y*stride + p.c; i < (y+1)*stride-p.c; i++ {
			sum := 4 * from[i]
			for _, row := range [3]int{i - stride, i, i + stride} {
				sum += from[row-p.c] + from[row] + from[row+p.c]
			}
			p.x[i] = cut(f*from[i] + (1-f)*(sum/13))
		}
	}
}

// stretch makes each channel's least level 0 and its largest 1.
func stretch(p picture) {
	for k := range p.c {
		least, most := p.x[k], p.x[k]
		for i := k; i < len(p.x); i += p.c {
			least, most = min(least, p.x[i]), max(most, p.x[i])
		}
		if least == most {
			continue
		}
		for i := k; i < len(p.x); i += p.c {
			p.x[i] = cut((p.x[i] - least) / (most - least))
		}
	}
}

// toByte is the nearest byte.
func toByte(v float32) uint8 { return uint8(cut(v)*255 + 0.5) }

// equalize makes each channel's levels, as bytes, about as frequent as each other: a byte becomes the number of values below it, counted in
// steps of a 255th of all but those of the largest byte.
func equalize(p picture) {
	for k := range p.c {
		var count [256]int
		largest := uint8(0)
		for i := k; i < len(p.x); i += p.c {
			b := toByte(p.x[i])
			count[b]++
			largest = max(largest, b)
		}
		step := (p.w*p.h - count[largest]) / 255
		if step == 0 {
			continue
		}
		var level [256]float32
		below := step / 2
		for b := range level {
			level[b] = float32(min(below/step, 255)) / 255
			below += count[b]
		}
		for i := k; i < len(p.x); i += p.c {
			p.x[i] = level[toByte(p.x[i])]
		}
	}
}

// posterize keeps the upper bits of each byte.
func posterize(p picture, bits int) {
	mask := uint8(0xff) << (8 - bits)
	for i, v := range p.x {
		p.x[i] = float32(toByte(v)&mask) / 255
	}
}

// solarize turns the levels from a threshold on into their negatives.
func solarize(p picture, threshold float32) {
	for i, v := range p.x {
		if v >= threshold {
			p.x[i] = 1 - v
		}
	}
}
