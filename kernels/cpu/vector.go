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

// scale computes y = a·y.
func scale(y []float32, a float32) {
	if variant != portable {
		scaleAVX2(y, a)
		return
	}
	for i := range y {
		y[i] *= a
	}
}

// squares sums the squares of x: every eighth in order, and then the eight sums. In float64 the squares are exact.
func squares(x []float32) float64 {
	var sums [8]float64
	whole := len(x) &^ 7
	if variant != portable {
		squaresAVX2(&sums, x[:whole])
	} else {
		for i := 0; i < whole; i += 8 {
			for lane, v := range x[i : i+8] {
				sums[lane] += float64(v) * float64(v)
			}
		}
	}
	for lane, v := range x[whole:] {
		sums[lane] += float64(v) * float64(v)
	}
	return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
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

// clamp computes y = min(max(x, 0), most) and keeps NaN; the zeros are positive.
func clamp(y, x []float32, most float32) {
	x = x[:len(y)]
	if variant != portable {
		clampAVX2(y, x, most)
		return
	}
	for i, v := range x {
		y[i] = min(max(v, 0), most)
	}
}

// clampGradient computes dx = dy where 0 < y < most, and dy·0 elsewhere.
func clampGradient(dx, y, dy []float32, most float32) {
	y, dy = y[:len(dx)], dy[:len(dx)]
	if variant != portable {
		clampGradientAVX2(dx, y, dy, most)
		return
	}
	for i, v := range y {
		slope := float32(0)
		if 0 < v && v < most {
			slope = 1
		}
		dx[i] = dy[i] * slope
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
