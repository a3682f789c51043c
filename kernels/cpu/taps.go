package cpu

import "math"

// taps are the places that a row of windows meets in an image whose channels are contiguous. Window i meets, for each r < rows and
// s < columns, the channels from image[i·windowStep + r·rowStep + s·columnStep] on; the index of that tap is first + r·rowTaps + s. The
// window's values, and its indices if there are any, are those from i·channels on. The assembly reads the fields by their offsets.
//
// The methods take the windows, and the taps of each, in order; their two variants give the same bits.
type taps struct {
	image, values                   []float32
	index                           []int32
	windows, channels               int
	rows, columns                   int
	windowStep, rowStep, columnStep int
	first, rowTaps                  int
	divisor                         float32
	corner                          int // where image begins in the whole image
}

// max sets values to the largest of each window, and index, which may be nil, to the index of its tap: the first one if several are
// equal, the first NaN if there is one.
func (t *taps) max() {
	if t.isVector() {
		maxTapsAVX2(t)
		return
	}
	t.extreme(true)
}

// min sets values to the smallest of each window, and index as max does.
func (t *taps) min() {
	if t.isVector() {
		minTapsAVX2(t)
		return
	}
	t.extreme(false)
}

func (t *taps) extreme(isMax bool) {
	worst := float32(math.Inf(1))
	if isMax {
		worst = -worst
	}
	for i := range t.values {
		t.values[i] = worst
	}
	for i := range t.index {
		t.index[i] = int32(t.first)
	}
	t.eachTap(func(tap, at, i int) {
		values, row := t.values[i:][:t.channels], t.image[at:][:t.channels]
		for c, v := range row {
			if best := values[c]; isMax && v > best || !isMax && v < best || v != v && best == best {
				values[c] = v
				if t.index != nil {
					t.index[i+c] = int32(tap)
				}
			}
		}
	})
}

// average sets values to the sum of each window, taken from 0 on, divided by divisor.
func (t *taps) average() {
	if t.isVector() {
		averageTapsAVX2(t)
		return
	}
	clear(t.values)
	t.eachTap(func(_, at, i int) {
		values := t.values[i:][:t.channels]
		accumulate(values, t.image[at:])
	})
	for i := range t.values {
		t.values[i] /= t.divisor
	}
}

// scatter adds each of values to the one place of its window whose tap index names.
func (t *taps) scatter() {
	if t.isVector() {
		scatterTapsAVX2(t)
		return
	}
	t.eachTap(func(tap, at, i int) {
		index, row := t.index[i:][:t.channels], t.image[at:][:t.channels]
		for c, v := range t.values[i:][:t.channels] {
			if index[c] == int32(tap) {
				row[c] += v
			}
		}
	})
}

// spread adds 1/divisor of each of values to all places of its window.
func (t *taps) spread() {
	if t.isVector() {
		spreadTapsAVX2(t)
		return
	}
	t.eachTap(func(_, at, i int) { addScaled(t.image[at:][:t.channels], 1/t.divisor, t.values[i:]) })
}

// isVector says whether the assembly does it. Only a dilated window at the image's border may have no taps at all.
func (t *taps) isVector() bool { return variant != portable && t.rows > 0 && t.columns > 0 }

// eachTap calls visit with the index of every tap, where it lies in image and where its window begins in values.
func (t *taps) eachTap(visit func(tap, at, i int)) {
	for w := range t.windows {
		for r := range t.rows {
			for s := range t.columns {
				visit(t.first+r*t.rowTaps+s, w*t.windowStep+r*t.rowStep+s*t.columnStep, w*t.channels)
			}
		}
	}
}
