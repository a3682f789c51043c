package cpu

import (
	"encoding/binary"
	"slices"
	"unsafe"

	"cnn-gpu/kernels"
)

// meetings finds which sums of a gradient by 3×3 filters have a product of which no factor is zero,
//
//	met[r, s, c, k] ≠ 0  if  X[n, p+r−PadTop, q+s−PadLeft, c] ≠ 0 and DY[n, p, q, k] ≠ 0 for some n, p, q.
//
// Winograd's algorithm leaves rounding errors in the others, and an optimizer that divides a gradient by its own size makes whole steps of
// them. Values of eight images are a byte, the images' bits; mostly a few positions of the first eight meet everything.
type meetings struct {
	conv2D
	met     []byte
	x, dy   []byte     // of the images at hand, [H W C] and [P Q K]
	dyAt    []position // for each eight filters, where one of them that has yet to meet something is not zero
	dyCount []int32    // how many these are
	xAt     []position // for each worker, where a channel is not zero
	isOpen  []bool     // [C 9]: a filter has yet to meet something
}

type position struct{ row, column int32 }

// imagesAtOnce is the number of images whose values share a byte.
const imagesAtOnce = 8

func (g conv2D) meetingsSize(workers int) int {
	positions, filters, inputs := g.P*g.Q, g.K/8, g.H*g.Window.W
	return 2*positions*filters + filters + 2*workers*inputs + kernels.CeilDiv(9*g.C*g.K+inputs*g.C+positions*g.K, 4)
}

// newMeetings works in scratch memory of meetingsSize values, and with 9·C flags.
func (g conv2D) newMeetings(scratch []float32, isOpen []bool, workers int) *meetings {
	m := &meetings{conv2D: g, isOpen: isOpen}
	positions, filters, inputs := g.P*g.Q, g.K/8, g.H*g.Window.W
	m.dyAt, scratch = carve[position](scratch, positions*filters)
	m.dyCount, scratch = carve[int32](scratch, filters)
	m.xAt, scratch = carve[position](scratch, workers*inputs)
	bytes, _ := carve[byte](scratch, 9*g.C*g.K+inputs*g.C+positions*g.K)
	m.met, bytes = bytes[:9*g.C*g.K], bytes[9*g.C*g.K:]
	m.x, m.dy = bytes[:inputs*g.C], bytes[inputs*g.C:]
	return m
}

// carve cuts n values of another type, which holds no pointers, off scratch memory.
func carve[T position | int32 | byte](scratch []float32, n int) (head []T, tail []float32) {
	var value T
	floats, tail := split(scratch, kernels.CeilDiv(n*int(unsafe.Sizeof(value)), 4))
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(floats))), n), tail
}

func (m *meetings) find(x, dy []float32, w *Workers) {
	clear(m.met)
	for i := range m.isOpen {
		m.isOpen[i] = !m.meetsPadding(i % 9)
	}
	middle, most := m.P/2, min(imagesAtOnce, m.N)
	if m.add(x, dy, 0, most, middle, min(middle+kernels.CeilDiv(imagesAtOnce, m.Q), m.P), w) {
		return
	}
	m.leaveOutZeros(x, dy)
	for n := 0; n < m.N; n += imagesAtOnce {
		if m.add(x, dy, n, min(n+imagesAtOnce, m.N), 0, m.P, w) {
			return
		}
	}
}

// leaveOutZeros counts as met what belongs to a channel that is zero everywhere: all products with it are zeros, and so is the algorithm's
// sum of them.
func (m *meetings) leaveOutZeros(x, dy []float32) {
	for k := range m.K {
		if isZero(dy, k, m.K) {
			for row := range 9 * m.C {
				m.met[row*m.K+k] = 0xff
			}
		}
	}
	for c := range m.C {
		if slices.Contains(m.isOpen[9*c:9*c+9], true) && isZero(x, c, m.C) {
			for tap := range 9 {
				m.isOpen[9*c+tap] = false
				row := m.met[(tap*m.C+c)*m.K:][:m.K]
				for k := range row {
					row[k] = 0xff
				}
			}
		}
	}
}

// isZero says whether a channel of so many has nothing but zeros, of either sign.
func isZero(values []float32, channel, channels int) bool {
	for at := channel; at < len(values); at += channels {
		if values[at] != 0 {
			return false
		}
	}
	return true
}

// add looks at rows first to last of DY of images lo to hi, and says whether that was all.
func (m *meetings) add(x, dy []float32, lo, hi, first, last int, w *Workers) (isDone bool) {
	top, bottom := max(first-m.PadTop, 0), min(last+2-m.PadTop, m.H)
	rows := max(bottom-top, 0)
	w.Run(rows+last-first, func(_, task int) {
		if task < rows {
			row := m.Window.W * m.C
			at := (top + task) * row
			joinBits(m.x[at:at+row], x[lo*m.H*row+at:], hi-lo, m.H*row)
		} else {
			row := m.Q * m.K
			at := (first + task - rows) * row
			joinBits(m.dy[at:at+row], dy[lo*m.P*row+at:], hi-lo, m.P*row)
		}
	})
	w.Run(m.K/8, func(_, task int) { m.listDY(task, first, last) })
	w.Run(m.C, func(worker, c int) {
		if slices.Contains(m.isOpen[9*c:9*c+9], true) {
			m.meet(c, first, last, top, bottom, m.xAt[worker*m.H*m.Window.W:])
		}
	})
	return !slices.Contains(m.isOpen, true)
}

// joinBits sets bit i of a byte where the value of image i is not zero; the images are pitch values apart.
func joinBits(bits []byte, values []float32, images, pitch int) {
	if variant != portable {
		_ = values[(images-1)*pitch+len(bits)-1]
		joinBitsAVX2(bits, &values[0], images, pitch)
		return
	}
	clear(bits)
	for i := range images {
		for j, v := range values[i*pitch:][:len(bits)] {
			if v != 0 {
				bits[j] |= 1 << i
			}
		}
	}
}

// open is, for eight filters, a byte of ones for each that has met nothing yet.
func open(met uint64) uint64 {
	const low, high = 0x7f7f7f7f7f7f7f7f, 0x8080808080808080
	zeros := ^((met&low + low) | met) & high
	return zeros >> 7 * 0xff
}

// listDY lists the positions of filters 8·task to 8·task+7.
func (m *meetings) listDY(task, first, last int) {
	missing := uint64(0)
	for row := range 9 * m.C {
		missing |= open(binary.LittleEndian.Uint64(m.met[row*m.K+8*task:]))
	}
	list, count := m.dyAt[task*m.P*m.Q:], 0
	for p := first; p < last; p++ {
		for q := range m.Q {
			if binary.LittleEndian.Uint64(m.dy[(p*m.Q+q)*m.K+8*task:])&missing != 0 {
				list[count] = position{int32(p), int32(q)}
				count++
			}
		}
	}
	m.dyCount[task] = int32(count)
}

// tap is how far from an output's position a tap reads.
func (g conv2D) tap(tap int) (rows, columns int) { return tap/3 - g.PadTop, tap%3 - g.PadLeft }

// meetsPadding says whether a tap never reads anything else.
func (g conv2D) meetsPadding(tap int) bool {
	r, s := g.tap(tap)
	return r >= g.H || r+g.P <= 0 || s >= g.Window.W || s+g.Q <= 0
}

// meet finds what channel c meets.
func (m *meetings) meet(c, first, last, top, bottom int, places []position) {
	count := 0
	for h := top; h < bottom; h++ {
		for w := range m.Window.W {
			if m.x[(h*m.Window.W+w)*m.C+c] != 0 {
				places[count] = position{int32(h), int32(w)}
				count++
			}
		}
	}
	for tap := range 9 {
		if !m.isOpen[9*c+tap] {
			continue
		}
		r, s := m.tap(tap)
		row := m.met[(tap*m.C+c)*m.K:][:m.K]
		isOpen := false
		for k := 0; k < m.K; k += 8 {
			met := binary.LittleEndian.Uint64(row[k:])
			if open(met) == 0 {
				continue
			}
			if n := int(m.dyCount[k/8]); n < count {
				met = m.meetAtDY(met, c, r, s, k, m.dyAt[k/8*m.P*m.Q:][:n])
			} else {
				met = m.meetAtX(met, c, r, s, k, places[:count], first, last)
			}
			binary.LittleEndian.PutUint64(row[k:], met)
			isOpen = isOpen || open(met) != 0
		}
		m.isOpen[9*c+tap] = isOpen
	}
}

const everyByte = 0x0101010101010101

func (m *meetings) meetAtDY(met uint64, c, r, s, k int, places []position) uint64 {
	for _, at := range places {
		p, q := int(at.row), int(at.column)
		h, w := p+r, q+s
		if uint(h) >= uint(m.H) || uint(w) >= uint(m.Window.W) {
			continue
		}
		met |= everyByte * uint64(m.x[(h*m.Window.W+w)*m.C+c]) & binary.LittleEndian.Uint64(m.dy[(p*m.Q+q)*m.K+k:])
		if open(met) == 0 {
			break
		}
	}
	return met
}

func (m *meetings) meetAtX(met uint64, c, r, s, k int, places []position, first, last int) uint64 {
	for _, at := range places {
		h, w := int(at.row), int(at.column)
		p, q := h-r, w-s
		if p < first || p >= last || uint(q) >= uint(m.Q) {
			continue
		}
		met |= everyByte * uint64(m.x[(h*m.Window.W+w)*m.C+c]) & binary.LittleEndian.Uint64(m.dy[(p*m.Q+q)*m.K+k:])
		if open(met) == 0 {
			break
		}
	}
	return met
}

// unmet is an element of DW that has no product to add, and what it is.
type unmet struct {
	at    int
	value float32
}

// unmet lists the elements of channels lo to hi.
func (m *meetings) unmet(dw []float32, lo, hi int) (list []unmet) {
	for tap := range 9 {
		begin, end := (tap*m.C+lo)*m.K, (tap*m.C+hi)*m.K
		for at := begin; at < end; at += 8 {
			if open(binary.LittleEndian.Uint64(m.met[at:])) == 0 {
				continue
			}
			for i := at; i < at+8; i++ {
				if m.met[i] == 0 {
					list = append(list, unmet{i, dw[i]})
				}
			}
		}
	}
	return list
}

// restore takes rounding errors back. What is not finite stays, since 0·∞ is no zero.
func restore(dw []float32, list []unmet) {
	for _, u := range list {
		if difference := dw[u.at] - dw[u.at]; difference == 0 {
			dw[u.at] = u.value
		}
	}
}
