// Package pooled writes the assembly of the pooled products; see pooledProduct in package cpu.
package pooled

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
)

// places is the number of places in a window, vectors how many registers the sums of each take, and width the bytes of a register.
const (
	places  = 4
	vectors = 2
	width   = 32
)

type generator struct{ *assembler.Assembler }

// Write writes the functions.
func Write(asm *assembler.Assembler) {
	asm.Expect("pooledPlaces", places)
	asm.Expect("tileColumns", vectors*width/4)
	g := generator{asm}
	g.write("pooledMaxAVX2", assembler.NotLessOrEqual, 1) // what is taken after the first is above it, and so above the floor
	g.write("pooledMinAVX2", assembler.NotGreaterOrEqual, places)
}

// write writes a function for a pool that takes a value where the predicate holds between it and the best so far. The
// floor is needed of the first so many places.
func (asm generator) write(name string, predicate uint64, floored int) {
	asm.Implement(name)
	field := asm.Fields("pooledProduct", asm.Load(asm.Param("p"), asm.GP64()))
	window, left := asm.Word(field("windows")), asm.AllocLocal(8)
	end := asm.Word(assembler.Length(field("windows")))
	asm.MOVQ(end, left)
	panel, terms, count := asm.Word(field("panel")), asm.Word(field("terms")), asm.Word(assembler.Length(field("terms")))
	y, index := asm.Word(field("y")), asm.Word(field("index"))
	var place [places]reg.GPVirtual
	for i := 1; i < places; i++ {
		place[i] = asm.Word(field("places").Offset(8 * i))
	}
	floor, two := asm.YMM(), asm.YMM()
	asm.VBROADCASTSS(field("floor"), floor)
	asm.VPCMPEQD(two, two, two)
	asm.VPSRLD(Imm(31), two, two)
	asm.VPADDD(two, two, two)

	asm.Label("window")
	corner, at, term := asm.GP64(), asm.GP64(), asm.GP64()
	asm.MOVQ(Mem{Base: window}, at)
	asm.MOVQ(field("x"), corner)
	asm.LEAQ(Mem{Base: corner, Index: at, Scale: 4}, corner)
	start, b := at, asm.GP64()
	asm.MOVQ(field("start"), start)
	var sums [vectors][places]reg.VecVirtual
	for j := range vectors {
		for i := range places {
			sums[j][i] = asm.YMM()
			if i == 0 {
				asm.VMOVUPS(Mem{Base: start, Disp: width * j}, sums[j][0])
			} else {
				asm.VMOVAPS(sums[j][0], sums[j][i])
			}
		}
	}
	asm.MOVQ(panel, b)
	asm.XORQ(term, term)

	asm.Label("term")
	asm.MOVLQSX(Mem{Base: terms, Index: term, Scale: 4}, at)
	asm.LEAQ(Mem{Base: corner, Index: at, Scale: 4}, at)
	var column [vectors]reg.VecVirtual
	for j := range vectors {
		column[j] = asm.YMM()
		asm.VMOVUPS(Mem{Base: b, Disp: width * j}, column[j])
	}
	for i := range places {
		value := asm.YMM()
		m := Mem{Base: at}
		if i > 0 {
			m.Index, m.Scale = place[i], 4
		}
		asm.VBROADCASTSS(m, value)
		for j := range vectors {
			asm.VFMADD231PS(column[j], value, sums[j][i])
		}
	}
	asm.ADDQ(Imm(width*vectors), b)
	asm.INCQ(term)
	asm.CMPQ(term, count)
	asm.JNE(LabelRef("term"))

	var best, where [vectors]reg.VecVirtual
	for j := range vectors {
		for _, s := range sums[j][:floored] {
			asm.VMAXPS(s, floor, s) // the last operand of the instruction, here the first, wins over NaN
		}
		// The better of the first two places, of the last two, and of both.
		first, second := asm.take(predicate, sums[j][0], sums[j][1]), asm.take(predicate, sums[j][2], sums[j][3])
		asm.VPSRLD(Imm(31), first, first)
		asm.VPSUBD(second, two, second)
		isSecond := asm.take(predicate, sums[j][0], sums[j][2])
		asm.VBLENDVPS(isSecond, second, first, first)
		best[j], where[j] = sums[j][0], first
	}
	for j := range vectors {
		asm.VMOVUPS(best[j], Mem{Base: y, Disp: width * j})
	}
	step := at
	asm.MOVQ(field("step"), step)
	asm.LEAQ(Mem{Base: y, Index: step, Scale: 4}, y)
	asm.TESTQ(index, index)
	asm.JZ(LabelRef("no_index"))
	for j := range vectors {
		asm.VMOVDQU(where[j], Mem{Base: index, Disp: width * j})
	}
	asm.LEAQ(Mem{Base: index, Index: step, Scale: 4}, index)
	asm.Label("no_index")
	asm.ADDQ(Imm(8), window)
	asm.DECQ(left)
	asm.JNZ(LabelRef("window"))
	asm.VZEROUPPER()
	asm.RET()
}

// take replaces best by value where that is better, or NaN and best is not, and returns where that is.
func (asm generator) take(predicate uint64, best, value reg.VecVirtual) reg.VecVirtual {
	isBetter, isNumber := asm.YMM(), asm.YMM()
	asm.VCMPPS(Imm(predicate), best, value, isBetter)
	asm.VCMPPS(Imm(assembler.Ordered), best, best, isNumber)
	asm.VANDPS(isNumber, isBetter, isBetter)
	asm.VBLENDVPS(isBetter, value, best, best)
	return isBetter
}
