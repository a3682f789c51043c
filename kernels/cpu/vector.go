package cpu

import "math"

// add computes y = a + b.
func add(y, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	if variant != portable {
		addAVX2(y, a, b)
		return
	}
	for i := range y {
		y[i] = a[i] + b[i]
	}
}

// accumulate computes y += x.
func accumulate(y, x []float32) { add(y, y, x) }

// addScaled computes y += a·x.
func addScaled(y []float32, a float32, x []float32) {
	x = x[:len(y)]
	if variant != portable {
		addScaledAVX2(y, a, x)
		return
	}
	for i := range y {
		y[i] += a * x[i]
	}
}

// addSquares computes y += (x − mean)².
func addSquares(y, x, mean []float32) {
	x, mean = x[:len(y)], mean[:len(y)]
	if variant != portable {
		addSquaresAVX2(y, x, mean)
		return
	}
	for i, v := range x {
		d := v - mean[i]
		y[i] += d * d
	}
}

// addProducts computes y += dy·(x − mean).
func addProducts(y, dy, x, mean []float32) {
	dy, x, mean = dy[:len(y)], x[:len(y)], mean[:len(y)]
	if variant != portable {
		addProductsAVX2(y, dy, x, mean)
		return
	}
	for i, v := range x {
		y[i] += dy[i] * (v - mean[i])
	}
}

// normalize computes y = (x − mean)·scale + shift.
func normalize(y, x, mean, scale, shift []float32) {
	x, mean, scale, shift = x[:len(y)], mean[:len(y)], scale[:len(y)], shift[:len(y)]
	if variant != portable {
		normalizeAVX2(y, x, mean, scale, shift)
		return
	}
	for i, v := range x {
		y[i] = (v-mean[i])*scale[i] + shift[i]
	}
}

// normalizeGradient computes dx = (dy − shift − (x − mean)·slope)·scale.
func normalizeGradient(dx, dy, x, mean, shift, slope, scale []float32) {
	dy, x, mean, shift, slope, scale = dy[:len(dx)], x[:len(dx)], mean[:len(dx)], shift[:len(dx)], slope[:len(dx)], scale[:len(dx)]
	if variant != portable {
		normalizeGradientAVX2(dx, dy, x, mean, shift, slope, scale)
		return
	}
	for i, v := range x {
		dx[i] = (dy[i] - shift[i] - (v-mean[i])*slope[i]) * scale[i]
	}
}

// relu computes y = max(x, 0) and keeps NaN; the zeros are positive.
func relu(y, x []float32) {
	x = x[:len(y)]
	if variant != portable {
		reluAVX2(y, x)
		return
	}
	for i, v := range x {
		y[i] = max(v, 0)
	}
}

// reluGradient computes dx = dy where y > 0, and 0 elsewhere.
func reluGradient(dx, y, dy []float32) {
	y, dy = y[:len(dx)], dy[:len(dx)]
	if variant != portable {
		reluGradientAVX2(dx, y, dy)
		return
	}
	for i, v := range y {
		// As an integer, for which the compiler needs no branch: random signs would mispredict it.
		bits := math.Float32bits(dy[i])
		if !(v > 0) {
			bits = 0
		}
		dx[i] = math.Float32frombits(bits)
	}
}

// sigmoidGradient computes dx = dy·y·(1 − y).
func sigmoidGradient(dx, y, dy []float32) {
	y, dy = y[:len(dx)], dy[:len(dx)]
	if variant != portable {
		sigmoidGradientAVX2(dx, y, dy)
		return
	}
	for i, v := range y {
		dx[i] = dy[i] * v * (1 - v)
	}
}

// tanhGradient computes dx = dy·(1 − y²).
func tanhGradient(dx, y, dy []float32) {
	y, dy = y[:len(dx)], dy[:len(dx)]
	if variant != portable {
		tanhGradientAVX2(dx, y, dy)
		return
	}
	for i, v := range y {
		dx[i] = dy[i] * (1 - v*v)
	}
}

// finite says that x holds neither NaN nor an infinity.
func finite(x []float32) bool {
	if variant != portable {
		return finiteAVX2(x)
	}
	const exponent = 0xff << 23
	for _, v := range x {
		if math.Float32bits(v)&exponent == exponent {
			return false
		}
	}
	return true
}
