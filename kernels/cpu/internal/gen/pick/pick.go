// Package pick writes the assembly of the sums over picked values; see pick in package cpu.
package pick

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
)

// taps is the most that are summed at once, places how many each value is picked from, and width the number of bytes of a register of AVX2.
const (
	taps   = 9
	places = 4
	width  = 32

	entry        = 4 * places // the bytes of an entry of the table
	entriesShift = 4
)

type generator struct{ assembler.Vectors }

// Write writes the functions.
func Write(asm *assembler.Assembler) {
	asm.Expect("pickTaps", taps)
	asm.Expect("pickPlaces", places)
	asm.Expect("pickFilters", width/4)
	asm.Expect("pickEntries", width/4)
	g := generator{assembler.AVX2.Of(asm)}
	g.writeTable()
	g.writeSums()
	generator{assembler.AVX512.Of(asm)}.writeSums()
}

// writeTable writes entries as long as the table is, as many as a vector has values at a time; the last ones may overlap those before.
func (asm generator) writeTable() {
	asm.Implement("pickTableAVX2")
	field := asm.Fields("pick", asm.Load(asm.Param("p"), asm.GP64()))
	x, table, last := asm.Word(field("x")), asm.Word(field("table")), asm.Word(assembler.Length(field("table")))
	at := asm.Word(field("bases"))
	asm.MOVLQSX(Mem{Base: at}, at)
	asm.LEAQ(Mem{Base: x, Index: at, Scale: 4}, x)
	var from [places]reg.GPVirtual
	for i := range from {
		from[i] = asm.GP64()
		asm.MOVLQSX(field("places").Offset(4*i), from[i])
		asm.LEAQ(Mem{Base: x, Index: from[i], Scale: 4}, from[i])
	}
	asm.SUBQ(Imm(width), last) // a table has as many values as x has bytes
	asm.XORQ(at, at)

	asm.Label("entries")
	var rows, pairs, entries [places]reg.VecVirtual
	for i := range rows {
		rows[i], pairs[i], entries[i] = asm.YMM(), asm.YMM(), asm.YMM()
		asm.VMOVUPS(Mem{Base: from[i], Index: at, Scale: 1}, rows[i])
	}
	for i := range 2 {
		asm.VUNPCKLPS(rows[2*i+1], rows[2*i], pairs[i])
		asm.VUNPCKHPS(rows[2*i+1], rows[2*i], pairs[2+i])
	}
	for i := range 2 { // entries[i] is entry i in its lower half and entry i+4 in its upper one
		asm.VUNPCKLPD(pairs[2*i+1], pairs[2*i], entries[2*i])
		asm.VUNPCKHPD(pairs[2*i+1], pairs[2*i], entries[2*i+1])
	}
	for half := range 2 {
		for i := 0; i < places; i += 2 {
			both := asm.YMM()
			asm.VPERM2F128(Imm(uint64(0x20|0x11*half)), entries[i+1], entries[i], both)
			asm.VMOVUPS(both, Mem{Base: table, Index: at, Scale: entry / 4, Disp: entry * (places*half + i)})
		}
	}
	asm.CMPQ(at, last)
	asm.JEQ(LabelRef("done"))
	asm.ADDQ(Imm(width), at)
	asm.CMPQ(at, last)
	asm.CMOVQGT(last, at)
	asm.JMP(LabelRef("entries"))
	asm.Label("done")
	asm.VZEROUPPER()
	asm.RET()
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
func (asm generator) field(name string) Mem { return asm.Fields("pick", t)(name) }

func (asm generator) loadPick() { asm.Load(asm.Param("p"), t) }

func (asm generator) writeSums() {
	asm.Implement("pickSums" + asm.Name)
	k, rowBytes, end := asm.AllocLocal(8), asm.AllocLocal(8), asm.AllocLocal(8)
	asm.loadPick()
	for n := 1; n < taps; n++ {
		asm.CMPQ(assembler.Length(asm.field("taps")), Imm(uint64(n)))
		asm.JE(LabelRef(fmt.Sprintf("start%d", n)))
	}
	for n := taps; n > 0; n-- {
		asm.writeBlock(n, k, rowBytes, end)
	}
}

func (asm generator) writeBlock(n int, k, rowBytes, end Mem) {
	label := func(what string) string { return fmt.Sprintf("%s%d", what, n) }
	asm.Label(label("start"))
	asm.MOVQ(asm.field("bases"), base)
	asm.MOVQ(assembler.Length(asm.field("bases")), at)
	asm.LEAQ(Mem{Base: base, Index: at, Scale: 4}, at)
	asm.MOVQ(at, end)
	asm.MOVQ(asm.field("filters"), at)
	asm.SHLQ(Imm(2), at)
	asm.MOVQ(at, rowBytes)
	asm.MOVQ(U32(0), k)

	// The first window's entry for each tap; what is added to it per window is the window's base.
	asm.MOVLQSX(Mem{Base: base}, at)
	asm.MOVQ(asm.field("taps"), values)
	for i, to := range entries[:n] {
		asm.MOVLQSX(Mem{Base: values, Disp: 4 * i}, to)
		asm.SUBQ(at, to)
		asm.SHLQ(Imm(entriesShift), to)
		asm.ADDQ(asm.field("table"), to)
	}

	sums := make([]reg.VecVirtual, n)
	for i := range sums {
		sums[i] = asm.Vector()
	}
	// eachSum calls f with where the sums of each tap lie; it needs t and leaves row in its place.
	eachSum := func(f func(i int, at Mem)) {
		asm.MOVQ(k, at)
		asm.ADDQ(asm.field("sums"), at)
		asm.MOVQ(rowBytes, row)
		for i := range sums {
			f(i, Mem{Base: at})
			asm.ADDQ(row, at)
		}
	}

	asm.Label(label("filters"))
	left := at
	asm.MOVQ(rowBytes, left)
	asm.SUBQ(k, left)
	asm.SHRQ(Imm(2), left)
	asm.MaskLast(left, 1)
	asm.MOVQ(asm.field("bases"), base)
	asm.MOVQ(asm.field("values"), values)
	asm.ADDQ(k, values)
	asm.MOVQ(asm.field("index"), index)
	asm.ADDQ(k, index)
	eachSum(func(i int, at Mem) { asm.LoadVector(at, sums[i], true) })

	asm.Label(label("window"))
	asm.MOVLQSX(Mem{Base: base}, at)
	asm.SHLQ(Imm(entriesShift), at)
	value, places := asm.Vector(), asm.Vector()
	asm.LoadVector(Mem{Base: values}, value, true)
	asm.LoadVector(Mem{Base: index}, places, true)
	asm.PREFETCHT0(Mem{Base: values, Index: row, Scale: 8}) // of windows to come
	asm.PREFETCHT0(Mem{Base: index, Index: row, Scale: 8})
	for i := range sums {
		picked := asm.Vector()
		if from := (Mem{Base: entries[i], Index: at, Scale: 1}); asm.Set == assembler.AVX512 {
			asm.VBROADCASTF32X4(from, picked)
		} else {
			asm.VBROADCASTF128(from, picked)
		}
		asm.VPERMILPS(places, picked, picked)
		asm.VFMADD231PS(picked, value, sums[i])
	}
	asm.ADDQ(row, values)
	asm.ADDQ(row, index)
	asm.ADDQ(Imm(4), base)
	asm.CMPQ(base, end)
	asm.JNE(LabelRef(label("window")))

	asm.loadPick()
	eachSum(func(i int, at Mem) { asm.StoreVector(sums[i], at, true) })
	asm.loadPick()
	asm.ADDQ(Imm(uint64(asm.Bytes(1))), k)
	asm.MOVQ(k, at)
	asm.CMPQ(at, rowBytes)
	asm.JL(LabelRef(label("filters")))
	asm.VZEROUPPER()
	asm.RET()
}
