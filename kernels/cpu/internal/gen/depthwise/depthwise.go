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
	g := generator{asm}
	g.row()
	g.taps()
}

type generator struct{ *assembler.Assembler }

// span is how many channels are worked on at a time: vectors of eight, or a single one, in the lowest lane, where there are none.
type span struct {
	generator
	vectors int
}

func (s span) elements() int { return max(1, 8*s.vectors) }

func (s span) registers() []reg.VecVirtual {
	list := []reg.VecVirtual{s.XMM()}
	if s.vectors > 0 {
		list = nil
		for range s.vectors {
			list = append(list, s.YMM())
		}
	}
	return list
}

// load loads the channels at a place.
func (s span) load(at Mem, to []reg.VecVirtual) {
	for v, r := range to {
		s.either(s.VMOVSS, s.VMOVUPS)(at.Offset(32*v), r)
	}
}

func (s span) store(from []reg.VecVirtual, at Mem) {
	for v, r := range from {
		s.either(s.VMOVSS, s.VMOVUPS)(r, at.Offset(32*v))
	}
}

// addProducts adds the products of the channels at a place with factors.
func (s span) addProducts(at Mem, factors, sums []reg.VecVirtual) {
	for v, sum := range sums {
		s.either(s.VFMADD231SS, s.VFMADD231PS)(at.Offset(32*v), factors[v], sum)
	}
}

// either is the instruction for a single element, or that for vectors.
func (s span) either(element, vector func(...Op)) func(...Op) {
	if s.vectors == 0 {
		return element
	}
	return vector
}

// eachSpan writes a loop over the channels for each width, from the widest to the narrowest. The body is told how it may name its labels;
// channel is the byte at which its channels begin.
func (asm generator) eachSpan(name string, channels Mem, widths []int, body func(s span, name string, channel reg.Register)) {
	channel, left := asm.GP64(), asm.Word(channels)
	asm.XORQ(channel, channel)
	for _, vectors := range widths {
		s := span{asm, vectors}
		name := fmt.Sprintf("%s_%d", name, s.elements())
		asm.Label(name)
		asm.CMPQ(left, Imm(uint64(s.elements())))
		asm.JL(LabelRef(name + "_done"))
		body(s, name, channel)
		asm.ADDQ(Imm(uint64(4*s.elements())), channel)
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

// blocks are the numbers of windows that are summed at once, and the spans of channels: as many sums as registers hold, since each waits for the
// one before.
var blocks = []struct {
	windows int
	widths  []int
}{{4, []int{2, 1, 0}}, {1, []int{4, 1, 0}}}

func (asm generator) row() {
	asm.Implement("depthwiseRowAVX2")
	field := asm.Fields("depthwiseRow", asm.Load(asm.Param("t"), asm.GP64()))
	// What only a whole block needs is kept in memory.
	keep := func(name string) Mem {
		slot := asm.AllocLocal(8)
		asm.MOVQ(asm.Word(field(name)), slot)
		return slot
	}
	corner, output, left := keep("x"), keep("y"), keep("windows")
	step, column, filterColumn := asm.bytes(field("xStep")), asm.bytes(field("xColumn")), asm.bytes(field("channels"))
	threeSteps := asm.GP64()
	asm.LEAQ(Mem{Base: step, Index: step, Scale: 2}, threeSteps)
	for _, b := range blocks {
		name := fmt.Sprintf("windows%d", b.windows)
		asm.Label(name)
		asm.CMPQ(left, Imm(uint64(b.windows)))
		asm.JL(LabelRef(name + "_done"))
		asm.eachSpan(name, field("channels"), b.widths, func(s span, name string, channel reg.Register) {
			sums, filter := make([][]reg.VecVirtual, b.windows), s.registers()
			for i := range sums {
				sums[i] = s.registers()
				s.load(Mem{Base: asm.Word(field("start")), Index: channel, Scale: 1}, sums[i])
			}
			row, filterRow := asm.Word(corner), asm.Word(field("filters"))
			asm.ADDQ(channel, row)
			asm.ADDQ(channel, filterRow)
			rowsLeft := asm.Word(field("rows"))

			asm.Label(name + "_row")
			at, filterAt, columnsLeft := asm.GP64(), asm.GP64(), asm.Word(field("columns"))
			asm.MOVQ(row, at)
			asm.MOVQ(filterRow, filterAt)

			asm.Label(name + "_tap")
			s.load(Mem{Base: filterAt}, filter)
			windows := []Mem{{Base: at}, {Base: at, Index: step, Scale: 1}, {Base: at, Index: step, Scale: 2}, {Base: at, Index: threeSteps, Scale: 1}}
			for i := range sums {
				s.addProducts(windows[i], filter, sums[i])
			}
			asm.ADDQ(column, at)
			asm.ADDQ(filterColumn, filterAt)
			asm.DECQ(columnsLeft)
			asm.JNZ(LabelRef(name + "_tap"))
			asm.advance(row, field("xRow"))
			asm.advance(filterRow, field("filterRow"))
			asm.DECQ(rowsLeft)
			asm.JNZ(LabelRef(name + "_row"))

			floor, to := asm.YMM(), asm.Word(output)
			asm.VBROADCASTSS(field("floor"), floor)
			asm.ADDQ(channel, to)
			for i := range sums {
				for _, sum := range sums[i] {
					narrow := reg.Register(floor)
					if s.vectors == 0 {
						narrow = floor.AsX()
					}
					asm.VMAXPS(sum, narrow, sum) // the last operand of the instruction, here the first, wins over NaN
				}
				s.store(sums[i], Mem{Base: to})
				asm.advance(to, field("yStep"))
			}
		})
		for range b.windows {
			asm.ADDQ(step, corner)
			next := asm.Word(output)
			asm.advance(next, field("yStep"))
			asm.MOVQ(next, output)
		}
		asm.SUBQ(Imm(uint64(b.windows)), left)
		asm.JMP(LabelRef(name))
		asm.Label(name + "_done")
	}
	asm.VZEROUPPER()
	asm.RET()
}

// taps writes a loop for each number of taps that are summed at once.
func (asm generator) taps() {
	asm.Implement("depthwiseTapsAVX2")
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
