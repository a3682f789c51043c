package cpu

// The loops here run over rows of channels, one at least, which begin stride elements apart in x, y and their gradients; everything else has one
// value for each channel. The rows are taken in order; the two variants give the same bits.

// addRows computes sums += x for each row.
func addRows(sums, x []float32, rows, stride int) {
	if variant != portable {
		addRowsAVX2(sums, x, rows, stride)
		return
	}
	for row := range rows {
		accumulate(sums, x[row*stride:])
	}
}

// addSquares computes sums += (x − mean)² for each row.
func addSquares(sums, x, mean []float32, rows, stride int) {
	if variant != portable {
		addSquaresAVX2(sums, x, mean, rows, stride)
		return
	}
	for row := range rows {
		for c, v := range x[row*stride:][:len(sums)] {
			d := v - mean[c]
			sums[c] += d * d
		}
	}
}

// addProducts computes sums += dy·(x − mean) for each row.
func addProducts(sums, dy, x, mean []float32, rows, stride int) {
	if variant != portable {
		addProductsAVX2(sums, dy, x, mean, rows, stride)
		return
	}
	for row := range rows {
		dy := dy[row*stride:]
		for c, v := range x[row*stride:][:len(sums)] {
			sums[c] += dy[c] * (v - mean[c])
		}
	}
}

// normalize computes y = (x − mean)·scale + shift for each row.
func normalize(y, x, mean, scale, shift []float32, rows, stride int) {
	if variant != portable {
		normalizeAVX2(y, x, mean, scale, shift, rows, stride)
		return
	}
	for row := range rows {
		y := y[row*stride:]
		for c, v := range x[row*stride:][:len(mean)] {
			y[c] = (v-mean[c])*scale[c] + shift[c]
		}
	}
}

// normalizeGradient computes dx = (dy − shift − (x − mean)·slope)·scale for each row.
func normalizeGradient(dx, dy, x, mean, shift, slope, scale []float32, rows, stride int) {
	if variant != portable {
		normalizeGradientAVX2(dx, dy, x, mean, shift, slope, scale, rows, stride)
		return
	}
	for row := range rows {
		dx, dy := dx[row*stride:], dy[row*stride:]
		for c, v := range x[row*stride:][:len(mean)] {
			dx[c] = (dy[c] - shift[c] - (v-mean[c])*slope[c]) * scale[c]
		}
	}
}
