// Command pickgen writes the assembly of the sums over picked values; see pick in package kernels.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of a pick lie; a test in package kernels holds these against the struct.
const (
	fieldX          = 0
	fieldBases      = 24
	fieldOffsets    = 48
	fieldCandidates = 72
	fieldValues     = 96
	fieldIndex      = 120
	fieldSums       = 144
	fieldWindows    = 168
	fieldTaps       = 176
	fieldFilters    = 184
	fieldAllTaps    = 192

	slicePointer, sliceLength = 0, 8
)

// taps is the most that are summed at once, and places how many candidates each has.
const (
	taps   = 9
	places = 4
	width  = 32
)

func main() {
	Package("cnn-gpu/kernels")
	writeCandidates()
	writeSums()
	Generate()
}

// writeCandidates writes candidates[w][j] = x[bases[w] + offsets[j]].
func writeCandidates() {
	Implement("pickCandidatesAVX2")
	t := Load(Param("p"), GP64())
	load := func(offset int) reg.GPVirtual {
		r := GP64()
		MOVQ(Mem{Base: t, Disp: offset}, r)
		return r
	}
	base, candidates, windows := load(fieldBases), load(fieldCandidates), load(fieldWindows)
	x, offsets, count := load(fieldX), load(fieldOffsets), load(fieldOffsets+sliceLength)

	Label("window")
	at, j := GP64(), GP64()
	MOVLQSX(Mem{Base: base}, at)
	LEAQ(Mem{Base: x, Index: at, Scale: 4}, at)
	XORQ(j, j)
	Label("tap")
	for i := range places {
		from, value := GP64(), GP64()
		MOVLQSX(Mem{Base: offsets, Index: j, Scale: 4, Disp: 4 * i}, from)
		MOVL(Mem{Base: at, Index: from, Scale: 4}, value.As32())
		MOVL(value.As32(), Mem{Base: candidates, Index: j, Scale: 4, Disp: 4 * i})
	}
	ADDQ(Imm(places), j)
	CMPQ(j, count)
	JL(LabelRef("tap"))
	LEAQ(Mem{Base: candidates, Index: count, Scale: 4}, candidates)
	ADDQ(Imm(4), base)
	DECQ(windows)
	JNZ(LabelRef("window"))
	RET()
}

func writeSums() {
	Implement("pickSumsAVX2")
	t := Load(Param("p"), GP64())
	count := GP64()
	MOVQ(Mem{Base: t, Disp: fieldTaps}, count)
	for n := 1; n <= taps; n++ {
		CMPQ(count, Imm(uint64(n)))
		JE(LabelRef(fmt.Sprintf("start%d", n)))
	}
	RET()
	for n := 1; n <= taps; n++ {
		writeBlock(t, n)
	}
}

func writeBlock(t reg.Register, n int) {
	label := func(what string) string { return fmt.Sprintf("%s%d", what, n) }
	load := func(offset int) reg.GPVirtual {
		r := GP64()
		MOVQ(Mem{Base: t, Disp: offset}, r)
		return r
	}
	Label(label("start"))
	k, row, step := GP64(), load(fieldFilters), load(fieldAllTaps)
	XORQ(k, k)
	SHLQ(Imm(2), row)
	SHLQ(Imm(4), step)

	Label(label("filters"))
	values, index, candidates, windows := load(fieldValues), load(fieldIndex), load(fieldCandidates), load(fieldWindows)
	LEAQ(Mem{Base: values, Index: k, Scale: 4}, values)
	LEAQ(Mem{Base: index, Index: k, Scale: 4}, index)
	sums := make([]reg.VecVirtual, n)
	at := load(fieldSums)
	LEAQ(Mem{Base: at, Index: k, Scale: 4}, at)
	for i := range sums {
		sums[i] = YMM()
		VMOVUPS(Mem{Base: at}, sums[i])
		ADDQ(row, at)
	}

	Label(label("window"))
	value, places := YMM(), YMM()
	VMOVUPS(Mem{Base: values}, value)
	VMOVDQU(Mem{Base: index}, places)
	for i := range sums {
		picked := YMM()
		VBROADCASTF128(Mem{Base: candidates, Disp: 16 * i}, picked)
		VPERMILPS(places, picked, picked)
		VFMADD231PS(picked, value, sums[i])
	}
	ADDQ(row, values)
	ADDQ(row, index)
	ADDQ(step, candidates)
	DECQ(windows)
	JNZ(LabelRef(label("window")))

	MOVQ(Mem{Base: t, Disp: fieldSums}, at)
	LEAQ(Mem{Base: at, Index: k, Scale: 4}, at)
	for i := range sums {
		VMOVUPS(sums[i], Mem{Base: at})
		ADDQ(row, at)
	}
	ADDQ(Imm(width/4), k)
	CMPQ(k, Mem{Base: t, Disp: fieldFilters})
	JL(LabelRef(label("filters")))
	VZEROUPPER()
	RET()
}
