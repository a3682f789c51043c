package cpu

import "cnn-gpu/kernels"

// conv2D is a geometry with what the CPU's code derives from it.
type conv2D struct{ kernels.Conv2D }

// image is the image whose windows a convolution reads: zero-padded, so that every window lies inside it.
type image struct {
	height, width, channels int
	top, left               int // where the unpadded image begins
	inHeight, inWidth       int
}

func (m image) size() int { return m.height * m.width * m.channels }

// isPadded says whether the image differs from the unpadded one, and so has to be made.
func (m image) isPadded() bool {
	return m.top > 0 || m.left > 0 || m.height > m.inHeight || m.width > m.inWidth
}

// paddedSize is the number of values of so many images where they have to be made.
func (m image) paddedSize(images int) int {
	if m.isPadded() {
		return images * m.size()
	}
	return 0
}

// newImage pads an image [inHeight inWidth] so that rows −top to bottom−1 and columns −left to right−1 lie inside.
func newImage(inHeight, inWidth, channels, top, left, bottom, right int) image {
	m := image{top: max(top, 0), left: max(left, 0), inHeight: inHeight, inWidth: inWidth, channels: channels}
	m.height = m.top + max(bottom, inHeight)
	m.width = m.left + max(right, inWidth)
	return m
}

// input is X as its windows see it.
func (g conv2D) input() image {
	bottom := (g.P-1)*g.StrideH + (g.R-1)*g.DilationH + 1 - g.PadTop
	right := (g.Q-1)*g.StrideW + (g.S-1)*g.DilationW + 1 - g.PadLeft
	return newImage(g.H, g.W, g.C, g.PadTop, g.PadLeft, bottom, right)
}

// strip is some neighbouring columns of a product, pairColumns at most: filters of one group or, in a gradient, its channels. The group's columns
// begin at column from, and what they are multiplied with begins at column other of the other factor. Packed, they lie in panels from a number on.
type strip struct{ at, valid, from, other, panel int }

// strips cuts the columns of each group into strips; there are others of the other factor for each group.
func strips(groups, columns, others int) (list []strip) {
	for group := range groups {
		panel := group * kernels.CeilDiv(columns, tileColumns)
		for at := 0; at < columns; at += pairColumns {
			list = append(list, strip{group*columns + at, min(pairColumns, columns-at), group * columns, group * others, panel + at/tileColumns})
		}
	}
	return list
}

// eachPanel calls f for the panels of a strip: which one it is, where its columns begin in the strip, and how many it has.
func (s strip) eachPanel(f func(panel, at, valid int)) {
	for at := 0; at < s.valid; at += tileColumns {
		f(s.panel+at/tileColumns, at, min(tileColumns, s.valid-at))
	}
}

// panelsOf is the number of panels of the strips.
func panelsOf(strips []strip) int {
	last := strips[len(strips)-1]
	return last.panel + kernels.CeilDiv(last.valid, tileColumns)
}

// filterStrips are the strips of the filters, which are multiplied with channels.
func (g conv2D) filterStrips() []strip {
	return strips(g.GroupCount(), g.GroupFilters(), g.GroupChannels())
}

// corner is where the window of an output begins in the padded input.
func (g conv2D) corner(p, q int) int { return (p*g.StrideH*g.input().width + q*g.StrideW) * g.C }

// terms are where the values of a filter meet the padded input, from where its window begins.
func (g conv2D) terms() (places []int32) {
	width := g.input().width
	for r := range g.R {
		for s := range g.S {
			for c := range g.C {
				places = append(places, int32((r*g.DilationH*width+s*g.DilationW)*g.C+c))
			}
		}
	}
	return places
}

// fill copies the unpadded image x into dst, zeros around it: rows first to last of what that holds.
func (m image) fill(dst, x []float32, first, last int) {
	row, pitch, left := m.inWidth*m.channels, m.width*m.channels, m.left*m.channels
	done := first * pitch
	for h := max(first-m.top, 0); h < min(last-m.top, m.inHeight); h++ {
		at := (m.top+h)*pitch + left
		clear(dst[done:at])
		copy(dst[at:at+row], x[h*row:])
		done = at + row
	}
	clear(dst[done : last*pitch])
}
