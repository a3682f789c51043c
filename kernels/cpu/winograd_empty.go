package cpu

import "slices"

// emptyWindows finds the 3×3 windows of an image [height width channels] that hold nothing but zeros. Winograd's algorithm leaves there
// rounding errors of the rest of the tile, which a ReLU behind would take for values, and the gradient of one before for gradients.
type emptyWindows struct {
	height, width, channels int
	padTop, padLeft         int
	columns                 int // of windows
}

// depths is the number of values that each needs.
func (e emptyWindows) depths() int { return e.columns + 2 }

// each calls f for those in rows first to last of windows. depths counts for each column the zeros above each other.
func (e emptyWindows) each(x []float32, first, last int, depths []float32, f func(row, column int)) {
	depths = depths[:e.depths()]
	clear(depths)
	for row := first; row < last+2; row++ {
		h := row - e.padTop
		isFull := h >= 0 && h < e.height
		for column := range depths {
			w := column - e.padLeft
			if isFull && w >= 0 && w < e.width && !isZero(x[(h*e.width+w)*e.channels:][:e.channels], 0, 1) {
				depths[column] = 0
			} else {
				depths[column]++
			}
		}
		if row < first+2 || slices.Max(depths) < 3 {
			continue
		}
		for column := range e.columns {
			if min(depths[column], depths[column+1], depths[column+2]) >= 3 {
				f(row-2, column)
			}
		}
	}
}
