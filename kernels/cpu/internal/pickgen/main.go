// Command pickgen writes the assembly of the sums over picked values; see pick in package cpu.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of a pick lie; a test in package cpu holds these against the struct.
const (
	fieldX       = 0
	fieldBases   = 24
	fieldTaps    = 48
	fieldTable   = 72
	fieldValues  = 96
	fieldIndex   = 120
	fieldSums    = 144
	fieldFilters = 168
	fieldPlaces  = 176

	slicePointer, sliceLength = 0, 8
)

// taps is the most that are summed at once, and places how many values each is picked from.
const (
	taps   = 9
	places = 4
	width  = 32

	entry        = 4 * places // the bytes of an entry of the table
	entriesShift = 4
)

func main() {
	Package("cnn-gpu/kernels/cpu")
	writeTable()
	writeSums()
	Generate()
}

// writeTable writes entries as long as the table is, a vector's number at a time; the last ones may overlap those before.
func writeTable() {
	Implement("pickTableAVX2")
	t := Load(Param("p"), GP64())
	load := func(offset int) reg.GPVirtual {
		r := GP64()
		MOVQ(Mem{Base: t, Disp: offset}, r)
		return r
	}
	x, table, last := load(fieldX), load(fieldTable), load(fieldTable+sliceLength)
	at := load(fieldBases)
	MOVLQSX(Mem{Base: at}, at)
	LEAQ(Mem{Base: x, Index: at, Scale: 4}, x)
	var from [places]reg.GPVirtual
	for i := range from {
		from[i] = GP64()
		MOVLQSX(Mem{Base: t, Disp: fieldPlaces + 4*i}, from[i])
		LEAQ(Mem{Base: x, Index: from[i], Scale: 4}, from[i])
	}
	SUBQ(Imm(width), last) // a table has as many values as x has bytes
	XORQ(at, at)

	Label("entries")
	var rows, pairs, entries [places]reg.VecVirtual
	for i := range rows {
		rows[i], pairs[i], entries[i] = YMM(), YMM(), YMM()
		VMOVUPS(Mem{Base: from[i], Index: at, Scale: 1}, rows[i])
	}
	for i := range 2 {
		VUNPCKLPS(rows[2*i+1], rows[2*i], pairs[i])
		VUNPCKHPS(rows[2*i+1], rows[2*i], pairs[2+i])
	}
	for i := range 2 { // entries[i] is entry i in its lower half and entry i+4 in its upper one
		VUNPCKLPD(pairs[2*i+1], pairs[2*i], entries[2*i])
		VUNPCKHPD(pairs[2*i+1], pairs[2*i], entries[2*i+1])
	}
	for half := range 2 {
		for i := 0; i < places; i += 2 {
			both := YMM()
			VPERM2F128(Imm(uint64(0x20|0x11*half)), entries[i+1], entries[i], both)
			VMOVUPS(both, Mem{Base: table, Index: at, Scale: entry / 4, Disp: entry * (places*half + i)})
		}
	}
	CMPQ(at, last)
	JEQ(LabelRef("done"))
	ADDQ(Imm(width), at)
	CMPQ(at, last)
	CMOVQGT(last, at)
	JMP(LabelRef("entries"))
	Label("done")
	VZEROUPPER()
	RET()
}

// Which register holds what; avo's own allocation fails where this many are in use.
var (
	t             = reg.R15 // the pick
	base, at      = reg.RAX, reg.RCX
	values, index = reg.RDX, reg.RBX
	row           = reg.R15 // the bytes of a row of values, inside the loop over windows
	entries       = []reg.GPPhysical{reg.RSI, reg.RDI, reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.R14}
)

// field is a field of the pick.
func field(offset int) Mem { return Mem{Base: t, Disp: offset} }

func loadPick() { Load(Param("p"), t) }

func writeSums() {
	Implement("pickSumsAVX2")
	k, rowBytes, end := AllocLocal(8), AllocLocal(8), AllocLocal(8)
	loadPick()
	for n := 1; n < taps; n++ {
		CMPQ(field(fieldTaps+sliceLength), Imm(uint64(n)))
		JE(LabelRef(fmt.Sprintf("start%d", n)))
	}
	for n := taps; n > 0; n-- {
		writeBlock(n, k, rowBytes, end)
	}
}

func writeBlock(n int, k, rowBytes, end Mem) {
	label := func(what string) string { return fmt.Sprintf("%s%d", what, n) }
	Label(label("start"))
	MOVQ(field(fieldBases), base)
	MOVQ(field(fieldBases+sliceLength), at)
	LEAQ(Mem{Base: base, Index: at, Scale: 4}, at)
	MOVQ(at, end)
	MOVQ(field(fieldFilters), at)
	SHLQ(Imm(2), at)
	MOVQ(at, rowBytes)
	MOVQ(U32(0), k)

	// The first window's entry for each tap; what is added to it per window is the window's base.
	MOVLQSX(Mem{Base: base}, at)
	MOVQ(field(fieldTaps), values)
	for i, to := range entries[:n] {
		MOVLQSX(Mem{Base: values, Disp: 4 * i}, to)
		SUBQ(at, to)
		SHLQ(Imm(entriesShift), to)
		ADDQ(field(fieldTable), to)
	}

	sums := make([]reg.VecVirtual, n)
	for i := range sums {
		sums[i] = YMM()
	}
	// eachSum calls f with where the sums of each tap lie; it needs t and leaves row in its place.
	eachSum := func(f func(i int, at Mem)) {
		MOVQ(k, at)
		ADDQ(field(fieldSums), at)
		MOVQ(rowBytes, row)
		for i := range sums {
			f(i, Mem{Base: at})
			ADDQ(row, at)
		}
	}

	Label(label("filters"))
	MOVQ(field(fieldBases), base)
	MOVQ(field(fieldValues), values)
	ADDQ(k, values)
	MOVQ(field(fieldIndex), index)
	ADDQ(k, index)
	eachSum(func(i int, at Mem) { VMOVUPS(at, sums[i]) })

	Label(label("window"))
	MOVLQSX(Mem{Base: base}, at)
	SHLQ(Imm(entriesShift), at)
	value, places := YMM(), YMM()
	VMOVUPS(Mem{Base: values}, value)
	VMOVDQU(Mem{Base: index}, places)
	PREFETCHT0(Mem{Base: values, Index: row, Scale: 8}) // of windows to come
	PREFETCHT0(Mem{Base: index, Index: row, Scale: 8})
	for i := range sums {
		picked := YMM()
		VBROADCASTF128(Mem{Base: entries[i], Index: at, Scale: 1}, picked)
		VPERMILPS(places, picked, picked)
		VFMADD231PS(picked, value, sums[i])
	}
	ADDQ(row, values)
	ADDQ(row, index)
	ADDQ(Imm(4), base)
	CMPQ(base, end)
	JNE(LabelRef(label("window")))

	loadPick()
	eachSum(func(i int, at Mem) { VMOVUPS(sums[i], at) })
	loadPick()
	ADDQ(Imm(width), k)
	MOVQ(k, at)
	CMPQ(at, rowBytes)
	JL(LabelRef(label("filters")))
	VZEROUPPER()
	RET()
}
