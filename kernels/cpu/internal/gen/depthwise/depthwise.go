// Package depthwise writes the assembly of depthwise convolutions; its file depthwise.go in package cpu says what they compute.
package depthwise

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
)

// Write writes the functions.
func Write(asm *assembler.Assembler) {
	generator{assembler.AVX2.Of(asm), []block{{4, []int{2, 1, 0}}, {2, []int{2, 1, 0}}}}.write()
	generator{assembler.AVX512.Of(asm), []block{{4, []int{1, 0}}, {2, []int{2, 1, 0}}}}.write()
}

// generator writes functions for one set of registers, with blocks of neighbours that work on a cache line at a time.
type generator struct {
	assembler.Vectors
	neighbours []block
}

func (asm generator) write() {
	asm.windows()
	asm.taps()
}

// block is a number of windows that are summed at once, and the spans of channels: as many sums as registers hold, since each waits for the one before.
type block struct {
	windows int
	widths  []int
}

// span is how many channels are worked on at a time: vectors or, where there are none, what is left: a masked vector, and without masks a single channel
// in the lowest lane.
type span struct {
	generator
	vectors int
}

func (s span) isElement() bool { return s.vectors == 0 && !s.IsMasked() }

func (s span) elements() int {
	if s.isElement() {
		return 1
	}
	return s.Width() * max(1, s.vectors)
}

// least is the least number of channels that the span may be used for.
func (s span) least() int {
	if s.vectors == 0 {
		return 1
	}
	return s.elements()
}

func (s span) registers() []reg.VecVirtual {
	if s.isElement() {
		return []reg.VecVirtual{s.XMM()}
	}
	var list []reg.VecVirtual
	for range max(1, s.vectors) {
		list = append(list, s.Vector())
	}
	return list
}

// load loads the channels at a place.
func (s span) load(at Mem, to []reg.VecVirtual) {
	for v, r := range to {
		if s.isElement() {
			s.VMOVSS(at, r)
		} else {
			s.LoadVector(at.Offset(s.Bytes(v)), r, s.vectors == 0)
		}
	}
}

func (s span) store(from []reg.VecVirtual, at Mem) {
	for v, r := range from {
		if s.isElement() {
			s.VMOVSS(r, at)
		} else {
			s.StoreVector(r, at.Offset(s.Bytes(v)), s.vectors == 0)
		}
	}
}

// addProducts adds the products of the channels at a place with factors.
func (s span) addProducts(at Mem, factors, sums []reg.VecVirtual) {
	for v, sum := range sums {
		if s.isElement() {
			s.VFMADD231SS(at, factors[v], sum)
		} else {
			s.AddProducts(at.Offset(s.Bytes(v)), factors[v], sum, s.vectors == 0)
		}
	}
}

// eachSpan writes a loop over the channels for each width, from the widest to the narrowest. The body is told how it may name its labels;
// channel is the byte at which its channels begin.
func (asm generator) eachSpan(name string, channels Mem, widths []int, body func(s span, name string, channel reg.Register)) {
	channel, left := asm.GP64(), asm.Word(channels)
	asm.XORQ(channel, channel)
	for _, vectors := range widths {
		s := span{asm, vectors}
		name := fmt.Sprintf("%s_%d", name, vectors)
		asm.Label(name)
		asm.CMPQ(left, Imm(uint64(s.least())))
		asm.JL(LabelRef(name + "_done"))
		if vectors == 0 {
			asm.MaskLast(left, 1)
		}
		body(s, name, channel)
		asm.ADDQ(U32(4*s.elements()), channel)
		asm.SUBQ(Imm(uint64(s.elements())), left)
		asm.JMP(LabelRef(name))
		asm.Label(name + "_done")
	}
}

// bytes loads a number of elements as one of bytes.
func (asm generator) bytes(elements Mem) reg.Register {
	r := asm.Word(elements)
	asm.SHLQ(Imm(2), r)
	return r
}

// advance moves a pointer by a number of elements.
func (asm generator) advance(pointer reg.Register, elements Mem) {
	asm.LEAQ(Mem{Base: pointer, Index: asm.Word(elements), Scale: 4}, pointer)
}

// windows writes the code for windows that are neighbours and meet three taps of each row, so that what they share is loaded once, and for all others.
func (asm generator) windows() {
	asm.Implement("depthwiseWindows" + asm.Name)
	w := &windowsCode{generator: asm, field: asm.Fields("depthwiseWindows", asm.Load(asm.Param("t"), asm.GP64()))}
	// What only a whole line or block needs is kept in memory.
	keep := func(name string) Mem {
		slot := asm.AllocLocal(8)
		asm.MOVQ(asm.Word(w.field(name)), slot)
		return slot
	}
	advance := func(pointer Mem, elements string) {
		next := asm.Word(pointer)
		asm.advance(next, w.field(elements))
		asm.MOVQ(next, pointer)
	}
	x, y, lines := keep("x"), keep("y"), keep("lines")
	w.step, w.column, w.filterColumn = asm.bytes(w.field("xStep")), asm.bytes(w.field("xColumn")), asm.bytes(w.field("channels"))
	w.threeSteps = asm.GP64()
	asm.LEAQ(Mem{Base: w.step, Index: w.step, Scale: 2}, w.threeSteps)
	w.corner, w.output, w.left = asm.AllocLocal(8), asm.AllocLocal(8), asm.AllocLocal(8)

	asm.Label("line")
	asm.MOVQ(asm.Word(x), w.corner)
	asm.MOVQ(asm.Word(y), w.output)
	asm.MOVQ(asm.Word(w.field("windows")), w.left)
	asm.CMPQ(w.step, w.column)
	asm.JNE(LabelRef("any"))
	asm.CMPQ(w.field("columns"), Imm(neighbourTaps))
	asm.JNE(LabelRef("any"))
	w.write("neighbours", asm.neighbours, w.neighbourTaps)
	asm.Label("any")
	w.write("any", []block{{4, []int{2, 1, 0}}, {1, []int{4, 1, 0}}}, w.eachTap)
	advance(x, "xLine")
	advance(y, "yLine")
	asm.DECQ(lines)
	asm.JNZ(LabelRef("line"))
	asm.VZEROUPPER()
	asm.RET()
}

// neighbourTaps is the number of taps of a row for which there is code of its own.
const neighbourTaps = 3

// windowsCode is what the code of all blocks shares.
type windowsCode struct {
	generator
	field                                  func(name string) Mem
	corner, output, left                   Mem
	step, threeSteps, column, filterColumn reg.Register
}

// write writes a loop for each block. The taps of a row are added by addTaps: from places in the image and in the filters on.
func (w *windowsCode) write(name string, blocks []block, addTaps func(s span, name string, windows int, at, filterAt reg.GPVirtual, sums [][]reg.VecVirtual)) {
	for _, b := range blocks {
		name := fmt.Sprintf("%s%d", name, b.windows)
		w.Label(name)
		w.CMPQ(w.left, Imm(uint64(b.windows)))
		w.JL(LabelRef(name + "_done"))
		w.eachSpan(name, w.field("channels"), b.widths, func(s span, name string, channel reg.Register) {
			sums := make([][]reg.VecVirtual, b.windows)
			for i := range sums {
				sums[i] = s.registers()
				s.load(Mem{Base: w.Word(w.field("start")), Index: channel, Scale: 1}, sums[i])
			}
			row, filterRow := w.Word(w.corner), w.Word(w.field("filters"))
			w.ADDQ(channel, row)
			w.ADDQ(channel, filterRow)
			rowsLeft := w.Word(w.field("rows"))

			w.Label(name + "_row")
			at, filterAt := w.GP64(), w.GP64()
			w.MOVQ(row, at)
			w.MOVQ(filterRow, filterAt)
			addTaps(s, name, b.windows, at, filterAt, sums)
			w.advance(row, w.field("xRow"))
			w.advance(filterRow, w.field("filterRow"))
			w.DECQ(rowsLeft)
			w.JNZ(LabelRef(name + "_row"))

			for i := range b.windows { // the row below, which the next line reads
				w.PREFETCHT1(w.window(row, nil, i))
			}
			floor, to := w.Vector(), w.Word(w.output)
			w.VBROADCASTSS(w.field("floor"), floor)
			w.ADDQ(channel, to)
			for i := range sums {
				for _, sum := range sums[i] {
					narrow := reg.Register(floor)
					if s.isElement() {
						narrow = floor.AsX()
					}
					w.VMAXPS(sum, narrow, sum) // the last operand of the instruction, here the first, wins over NaN
				}
				s.store(sums[i], Mem{Base: to})
				w.advance(to, w.field("yStep"))
			}
		})
		for range b.windows {
			w.ADDQ(w.step, w.corner)
			next := w.Word(w.output)
			w.advance(next, w.field("yStep"))
			w.MOVQ(next, w.output)
		}
		w.SUBQ(Imm(uint64(b.windows)), w.left)
		w.JMP(LabelRef(name))
		w.Label(name + "_done")
	}
}

// window is where what is some steps behind another place begins; what is four steps behind it or more begins at later.
func (w *windowsCode) window(at, later reg.Register, i int) Mem {
	if i >= 4 {
		return w.window(later, nil, i-4)
	}
	return []Mem{{Base: at}, {Base: at, Index: w.step, Scale: 1}, {Base: at, Index: w.step, Scale: 2}, {Base: at, Index: w.threeSteps, Scale: 1}}[i]
}

// eachTap writes a loop over the taps.
func (w *windowsCode) eachTap(s span, name string, windows int, at, filterAt reg.GPVirtual, sums [][]reg.VecVirtual) {
	filter, columnsLeft := s.registers(), w.Word(w.field("columns"))
	w.Label(name + "_tap")
	s.load(Mem{Base: filterAt}, filter)
	for i := range windows {
		s.addProducts(w.window(at, nil, i), filter, sums[i])
	}
	w.ADDQ(w.column, at)
	w.ADDQ(w.filterColumn, filterAt)
	w.DECQ(columnsLeft)
	w.JNZ(LabelRef(name + "_tap"))
}

// neighbourTaps adds the taps of neighbours, of which each meets what the next one's tap before meets.
func (w *windowsCode) neighbourTaps(s span, _ string, windows int, at, filterAt reg.GPVirtual, sums [][]reg.VecVirtual) {
	filters := make([][]reg.VecVirtual, neighbourTaps)
	for i := range filters {
		filters[i] = s.registers()
		s.load(Mem{Base: filterAt}, filters[i])
		if i < neighbourTaps-1 {
			w.ADDQ(w.filterColumn, filterAt)
		}
	}
	later := w.GP64()
	w.LEAQ(Mem{Base: at, Index: w.step, Scale: 4}, later)
	for place := range windows + neighbourTaps - 1 {
		x := s.registers()
		s.load(w.window(at, later, place), x)
		for tap := range filters {
			if i := place - tap; i >= 0 && i < windows {
				for v := range x {
					w.VFMADD231PS(x[v], filters[tap][v], sums[i][v])
				}
			}
		}
	}
}

// taps writes a loop for each number of taps that are summed at once.
func (asm generator) taps() {
	asm.Implement("depthwiseTaps" + asm.Name)
	field := asm.Fields("depthwiseTaps", asm.Load(asm.Param("t"), asm.GP64()))
	xStep, dyStep := asm.bytes(field("xStep")), asm.bytes(field("dyStep"))
	xColumn, sumsColumn := asm.bytes(field("xColumn")), asm.bytes(field("sumsColumn"))
	for taps := asm.Constant("depthwiseTapsAtOnce"); taps > 0; taps-- {
		name := fmt.Sprintf("taps%d", taps)
		asm.CMPQ(field("taps"), Imm(uint64(taps)))
		asm.JNE(LabelRef(name + "_done"))
		asm.eachSpan(name, field("channels"), []int{4, 2, 1, 0}, func(s span, name string, channel reg.Register) {
			sums, gradient, place := make([][]reg.VecVirtual, taps), s.registers(), asm.Word(field("sums"))
			asm.ADDQ(channel, place)
			for i := range sums {
				sums[i] = s.registers()
				s.load(column(place, sumsColumn, i), sums[i])
			}
			xRow, dyRow := asm.Word(field("x")), asm.Word(field("dy"))
			asm.ADDQ(channel, xRow)
			asm.ADDQ(channel, dyRow)
			rowsLeft := asm.Word(field("rows"))

			asm.Label(name + "_row")
			x, dy, windowsLeft := asm.GP64(), asm.GP64(), asm.Word(field("windows"))
			asm.MOVQ(xRow, x)
			asm.MOVQ(dyRow, dy)

			asm.Label(name + "_window")
			s.load(Mem{Base: dy}, gradient)
			for i := range sums {
				s.addProducts(column(x, xColumn, i), gradient, sums[i])
			}
			asm.ADDQ(xStep, x)
			asm.ADDQ(dyStep, dy)
			asm.DECQ(windowsLeft)
			asm.JNZ(LabelRef(name + "_window"))
			asm.advance(xRow, field("xRow"))
			asm.advance(dyRow, field("dyRow"))
			asm.DECQ(rowsLeft)
			asm.JNZ(LabelRef(name + "_row"))
			for i := range sums {
				s.store(sums[i], column(place, sumsColumn, i))
			}
		})
		asm.Label(name + "_done")
	}
	asm.VZEROUPPER()
	asm.RET()
}

// column is the place a few steps behind another, two at most.
func column(at, step reg.Register, i int) Mem {
	if i == 0 {
		return Mem{Base: at}
	}
	return Mem{Base: at, Index: step, Scale: uint8(i)}
}
