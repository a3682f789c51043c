// Command pooledgen writes the assembly of the pooled products; see pooledProduct in package cpu.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of a pooledProduct lie; a test in package cpu holds these against the struct.
const (
	fieldX       = 0
	fieldPanel   = 24
	fieldStart   = 48
	fieldTerms   = 72
	fieldWindows = 96
	fieldY       = 120
	fieldIndex   = 144
	fieldPlaces  = 168
	fieldStep    = 200
	fieldFloor   = 208

	slicePointer, sliceLength = 0, 8
)

// places is the number of places in a window, and vectors how many registers the sums of each take.
const (
	places  = 4
	vectors = 2
	width   = 32
)

// The predicates of comparisons. Of those that hold where an operand is NaN the names begin with not.
const (
	notLessOrEqual    = 0x06
	ordered           = 0x07
	notGreaterOrEqual = 0x09
)

func main() {
	Package("cnn-gpu/kernels/cpu")
	write("pooledMaxAVX2", notLessOrEqual, 1) // what is taken after the first is above it, and so above the floor
	write("pooledMinAVX2", notGreaterOrEqual, places)
	Generate()
}

// write writes a function for a pool that takes a value where the predicate holds between it and the best so far. The
// floor is needed of the first so many places.
func write(name string, predicate uint64, floored int) {
	Implement(name)
	t := Load(Param("p"), GP64())
	field := func(offset int) Mem { return Mem{Base: t, Disp: offset} }
	load := func(offset int) reg.GPVirtual {
		r := GP64()
		MOVQ(field(offset), r)
		return r
	}
	window, left := load(fieldWindows), AllocLocal(8)
	end := load(fieldWindows + sliceLength)
	MOVQ(end, left)
	panel, terms, count := load(fieldPanel), load(fieldTerms), load(fieldTerms+sliceLength)
	y, index := load(fieldY), load(fieldIndex)
	var place [places]reg.GPVirtual
	for i := 1; i < places; i++ {
		place[i] = load(fieldPlaces + 8*i)
	}
	floor, two := YMM(), YMM()
	VBROADCASTSS(field(fieldFloor), floor)
	VPCMPEQD(two, two, two)
	VPSRLD(Imm(31), two, two)
	VPADDD(two, two, two)

	Label("window")
	corner, at, term := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: window}, at)
	MOVQ(field(fieldX), corner)
	LEAQ(Mem{Base: corner, Index: at, Scale: 4}, corner)
	start, b := at, GP64()
	MOVQ(field(fieldStart), start)
	var sums [vectors][places]reg.VecVirtual
	for j := range vectors {
		for i := range places {
			sums[j][i] = YMM()
			if i == 0 {
				VMOVUPS(Mem{Base: start, Disp: width * j}, sums[j][0])
			} else {
				VMOVAPS(sums[j][0], sums[j][i])
			}
		}
	}
	MOVQ(panel, b)
	XORQ(term, term)

	Label("term")
	MOVLQSX(Mem{Base: terms, Index: term, Scale: 4}, at)
	LEAQ(Mem{Base: corner, Index: at, Scale: 4}, at)
	var column [vectors]reg.VecVirtual
	for j := range vectors {
		column[j] = YMM()
		VMOVUPS(Mem{Base: b, Disp: width * j}, column[j])
	}
	for i := range places {
		value := YMM()
		m := Mem{Base: at}
		if i > 0 {
			m.Index, m.Scale = place[i], 4
		}
		VBROADCASTSS(m, value)
		for j := range vectors {
			VFMADD231PS(column[j], value, sums[j][i])
		}
	}
	ADDQ(Imm(width*vectors), b)
	INCQ(term)
	CMPQ(term, count)
	JNE(LabelRef("term"))

	var best, where [vectors]reg.VecVirtual
	for j := range vectors {
		for _, s := range sums[j][:floored] {
			VMAXPS(s, floor, s) // the last operand of the instruction, here the first, wins over NaN
		}
		// The better of the first two places, of the last two, and of both.
		first, second := take(predicate, sums[j][0], sums[j][1]), take(predicate, sums[j][2], sums[j][3])
		VPSRLD(Imm(31), first, first)
		VPSUBD(second, two, second)
		isSecond := take(predicate, sums[j][0], sums[j][2])
		VBLENDVPS(isSecond, second, first, first)
		best[j], where[j] = sums[j][0], first
	}
	for j := range vectors {
		VMOVUPS(best[j], Mem{Base: y, Disp: width * j})
	}
	step := at
	MOVQ(field(fieldStep), step)
	LEAQ(Mem{Base: y, Index: step, Scale: 4}, y)
	TESTQ(index, index)
	JZ(LabelRef("no_index"))
	for j := range vectors {
		VMOVDQU(where[j], Mem{Base: index, Disp: width * j})
	}
	LEAQ(Mem{Base: index, Index: step, Scale: 4}, index)
	Label("no_index")
	ADDQ(Imm(8), window)
	DECQ(left)
	JNZ(LabelRef("window"))
	VZEROUPPER()
	RET()
}

// take replaces best by value where that is better, or NaN and best is not, and returns where that is.
func take(predicate uint64, best, value reg.VecVirtual) reg.VecVirtual {
	isBetter, isNumber := YMM(), YMM()
	VCMPPS(Imm(predicate), best, value, isBetter)
	VCMPPS(Imm(ordered), best, best, isNumber)
	VANDPS(isNumber, isBetter, isBetter)
	VBLENDVPS(isBetter, value, best, best)
	return isBetter
}
