package cpu

// depthwiseWindows is the inner kernel of depthwise convolutions: windows in rows and columns of an image whose channels are contiguous, and which meet
// the same taps of their filters,
//
//	y[i·yLine + j·yStep + c] = max(floor, start[c] + Σ_{r<rows, s<columns}
//		x[i·xLine + j·xStep + r·xRow + s·xColumn + c] · filters[r·filterRow + s·channels + c])
//
// for lines i, windows j of each, and channels c. The taps are summed in order. The assembly reads the fields by their offsets.
type depthwiseWindows struct {
	x, filters, start, y     []float32
	lines, windows, channels int
	rows, columns            int
	xLine, xStep             int
	yLine, yStep             int
	xRow, xColumn            int
	filterRow                int
	floor                    float32
}

func (t *depthwiseWindows) run() {
	hasTaps := t.rows > 0 && t.columns > 0 // at the border there may be none at all
	switch {
	case variant == avx512 && hasTaps:
		depthwiseWindowsAVX512(t)
	case variant == avx2 && hasTaps:
		depthwiseWindowsAVX2(t)
	default:
		t.portable()
	}
}

func (t *depthwiseWindows) portable() {
	for i := range t.lines {
		for j := range t.windows {
			y := t.y[i*t.yLine+j*t.yStep:][:t.channels]
			copy(y, t.start)
			for r := range t.rows {
				for s := range t.columns {
					x, filter := t.x[i*t.xLine+j*t.xStep+r*t.xRow+s*t.xColumn:], t.filters[r*t.filterRow+s*t.channels:]
					for c := range y {
						y[c] += x[c] * filter[c]
					}
				}
			}
			for c, v := range y {
				y[c] = max(v, t.floor)
			}
		}
	}
}

// depthwiseTaps is the inner kernel of the gradient by the filters: the sums of some taps that are neighbours in a row,
//
//	sums[s·sumsColumn + c] += Σ_{i<rows, j<windows} x[i·xRow + j·xStep + s·xColumn + c] · dy[i·dyRow + j·dyStep + c]
//
// for s < taps and channels c. There is at least one row and one window. The assembly reads the fields by their offsets.
type depthwiseTaps struct {
	sums, x, dy         []float32
	taps, channels      int
	rows, windows       int
	xRow, xStep         int
	dyRow, dyStep       int
	xColumn, sumsColumn int
}

// depthwiseTapsAtOnce is the number of taps that are summed at once, at most.
const depthwiseTapsAtOnce = 3

func (t *depthwiseTaps) run() {
	switch variant {
	case avx512:
		depthwiseTapsAVX512(t)
	case avx2:
		depthwiseTapsAVX2(t)
	default:
		t.portable()
	}
}

func (t *depthwiseTaps) portable() {
	for i := range t.rows {
		for j := range t.windows {
			dy := t.dy[i*t.dyRow+j*t.dyStep:][:t.channels]
			for s := range t.taps {
				x, sums := t.x[i*t.xRow+j*t.xStep+s*t.xColumn:], t.sums[s*t.sumsColumn:]
				for c, v := range dy {
					sums[c] += x[c] * v
				}
			}
		}
	}
}
