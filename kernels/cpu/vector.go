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
