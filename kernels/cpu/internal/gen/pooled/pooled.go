// Package pooled writes the assembly of the pooled products; see pooledProduct in package cpu.
package pooled

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
)

// places is the number of places in a window, and vectors how many registers the sums of each take.
const (
	places  = 4
	vectors = 2
)

// generator writes functions of one panel by AVX2 and of two by AVX-512, which has a panel's row in a register.
type generator struct {
	assembler.Vectors
	one, two reg.VecVirtual // the index of a place in all lanes
}

// Write writes the functions.
func Write(asm *assembler.Assembler) {
	asm.Expect("pooledPlaces", places)
	asm.Expect("tileColumns", vectors*assembler.AVX2.Width())
	asm.Expect("pairColumns", vectors*assembler.AVX512.Width())
	for _, set := range []assembler.Set{assembler.AVX2, assembler.AVX512} {
		g := &generator{Vectors: set.Of(asm)}
		g.write("pooledMax", assembler.NotLessOrEqual, 1) // what is taken after the first is above it, and so above the floor
		g.write("pooledMin", assembler.NotGreaterOrEqual, places)
	}
}

// write writes a function for a pool that takes a value where the predicate holds between it and the best so far. The
// floor is needed of the first so many places.
func (asm *generator) write(name string, predicate uint64, floored int) {
	asm.Implement(name + asm.Name)
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
	floor := asm.Vector()
	asm.VBROADCASTSS(field("floor"), floor)
	asm.makeIndices()
	var toSecond reg.GPVirtual // panel
	if asm.Set == assembler.AVX512 {
		toSecond = asm.Word(field("panelStep"))
		asm.SHLQ(Imm(2), toSecond)
	}

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
			sums[j][i] = asm.Vector()
			if i == 0 {
				asm.VMOVUPS(Mem{Base: start, Disp: asm.Bytes(j)}, sums[j][0])
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
		column[j] = asm.Vector()
		row := Mem{Base: b, Disp: asm.Bytes(j)}
		if toSecond != nil && j > 0 {
			row = Mem{Base: b, Index: toSecond, Scale: 1}
		}
		asm.VMOVUPS(row, column[j])
	}
	for i := range places {
		value := asm.Vector()
		m := Mem{Base: at}
		if i > 0 {
			m.Index, m.Scale = place[i], 4
		}
		asm.VBROADCASTSS(m, value)
		for j := range vectors {
			asm.VFMADD231PS(column[j], value, sums[j][i])
		}
	}
	asm.ADDQ(Imm(uint64(4*asm.Constant("tileColumns"))), b)
	asm.INCQ(term)
	asm.CMPQ(term, count)
	asm.JNE(LabelRef("term"))

	var best, where [vectors]reg.VecVirtual
	for j := range vectors {
		for _, s := range sums[j][:floored] {
			asm.VMAXPS(s, floor, s) // the last operand of the instruction, here the first, wins over NaN
		}
		// The better of the first two places, of the last two, and of both.
		isOdd, isOddOfLast := asm.take(predicate, sums[j][0], sums[j][1]), asm.take(predicate, sums[j][2], sums[j][3])
		isLast := asm.take(predicate, sums[j][0], sums[j][2])
		best[j], where[j] = sums[j][0], asm.index(isOdd, isOddOfLast, isLast)
	}
	for j := range vectors {
		asm.VMOVUPS(best[j], Mem{Base: y, Disp: asm.Bytes(j)})
	}
	step := at
	asm.MOVQ(field("step"), step)
	asm.LEAQ(Mem{Base: y, Index: step, Scale: 4}, y)
	asm.TESTQ(index, index)
	asm.JZ(LabelRef("no_index"))
	for j := range vectors {
		asm.VMOVUPS(where[j], Mem{Base: index, Disp: asm.Bytes(j)})
	}
	asm.LEAQ(Mem{Base: index, Index: step, Scale: 4}, index)
	asm.Label("no_index")
	asm.ADDQ(Imm(8), window)
	asm.DECQ(left)
	asm.JNZ(LabelRef("window"))
	asm.VZEROUPPER()
	asm.RET()
}

// makeIndices makes the constants of index.
func (asm *generator) makeIndices() {
	asm.one, asm.two = asm.Vector(), asm.Vector()
	if asm.Set == assembler.AVX512 {
		asm.VPTERNLOGD(Imm(0xff), asm.one, asm.one, asm.one)
	} else {
		asm.VPCMPEQD(asm.one, asm.one, asm.one)
	}
	asm.VPSRLD(Imm(31), asm.one, asm.one)
	asm.VPADDD(asm.one, asm.one, asm.two)
}

// take replaces best by value where that is better, or NaN and best is not, and returns where that is: a mask, or a register of ones there.
func (asm *generator) take(predicate uint64, best, value reg.VecVirtual) reg.Register {
	if asm.Set == assembler.AVX512 {
		isBetter, isNumber := asm.K(), asm.K()
		asm.VCMPPS(Imm(assembler.Ordered), best, best, isNumber)
		asm.VCMPPS(Imm(predicate), best, value, isNumber, isBetter)
		asm.VMOVAPS(value, isBetter, best)
		return isBetter
	}
	isBetter, isNumber := asm.Vector(), asm.Vector()
	asm.VCMPPS(Imm(predicate), best, value, isBetter)
	asm.VCMPPS(Imm(assembler.Ordered), best, best, isNumber)
	asm.VANDPS(isNumber, isBetter, isBetter)
	asm.VBLENDVPS(isBetter, value, best, best)
	return isBetter
}

// index is the index of the best place: whether it is the second of two, of the last two, and whether it is of those.
func (asm *generator) index(isOdd, isOddOfLast, isLast reg.Register) reg.VecVirtual {
	index := asm.Vector()
	if asm.Set == assembler.AVX512 {
		last := asm.Vector()
		asm.VMOVDQA32_Z(asm.one, isOdd, index)
		asm.VMOVDQA32(asm.two, last)
		asm.VPADDD(asm.one, last, isOddOfLast, last)
		asm.VMOVDQA32(last, isLast, index)
		return index
	}
	asm.VPSRLD(Imm(31), isOdd, isOdd)
	asm.VPSUBD(isOddOfLast, asm.two, isOddOfLast)
	asm.VBLENDVPS(isLast, isOddOfLast, isOdd, index)
	return index
}
