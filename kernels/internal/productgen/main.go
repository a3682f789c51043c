// Command productgen writes the assembly of the inner kernel; see product in package kernels.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of a product lie; a test in package kernels holds these against the struct.
const (
	fieldA        = 0
	fieldB        = 24
	fieldC        = 48
	fieldStart    = 72
	fieldSegments = 96
	fieldSteps    = 120
	fieldAStep    = 128
	fieldBStep    = 136
	fieldARows    = 144
	fieldCRows    = 168
	fieldFloor    = 192
	fieldNext     = 200

	slicePointer, sliceLength = 0, 8
)

func main() {
	Package("cnn-gpu/kernels")
	generate("productAVX2", 6, 16, 32, YMM)
	generate("productNarrowAVX2", 12, 8, 32, YMM)
	generate("productAVX512", 12, 16, 64, ZMM)
	Generate()
}

// Which register holds what; avo's own allocation fails where this many are in use.
var (
	t             = reg.RAX // the product
	next, pointer = reg.RCX, reg.RDX
	c, place      = reg.RBX, reg.RSI
	value         = reg.RCX
	pa, pb        = reg.RCX, reg.RDX // inside the loops
	places        = []reg.GPPhysical{
		reg.RBX, reg.RSI, reg.RDI, reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.R14, reg.R15, reg.RAX,
	}
)

// field is a field of the product.
func field(offset int) Mem { return Mem{Base: t, Disp: offset} }

// slots are what a block of rows keeps besides the rows' places.
type slots struct{ a, b, steps, aBytes, bBytes, segment, left, step Op }

// registerRows is the number of rows up to which there are enough registers for all that a block keeps.
const registerRows = 6

// registerSlots are for blocks of up to registerRows rows; those leave the product's register alone too.
func registerSlots() slots {
	return slots{
		a: field(fieldA + slicePointer), b: field(fieldB + slicePointer), steps: field(fieldSteps),
		aBytes: reg.R11, bBytes: reg.R12, segment: reg.R13, left: reg.R14, step: reg.R15,
	}
}

// stackSlots are for all others.
func stackSlots() slots {
	slot := func() Op { return AllocLocal(8) }
	return slots{slot(), slot(), slot(), slot(), slot(), slot(), slot(), slot()}
}

// move copies a field to a slot.
func move(from Mem, to Op) {
	if _, isMemory := to.(Mem); isMemory {
		MOVQ(from, value)
		MOVQ(value, to)
		return
	}
	MOVQ(from, to)
}

// loadProduct brings back the product's address after a block, which may have used the register.
func loadProduct() { Load(Param("t"), t) }

// generate writes a function that computes at most rows rows of a number of columns at a time, each in columns*4/width registers.
func generate(name string, rows, columns, width int, vector func() reg.VecVirtual) {
	Implement(name)
	var kept slots
	if rows > registerRows {
		kept = stackSlots()
	}
	loadProduct()
	XORQ(next, next)
	MOVQ(next, field(fieldNext))

	// Whole blocks of rows while there are enough; what is left is split evenly, since a block of few rows waits for its own sums.
	Label("rows")
	loadProduct()
	left := value
	MOVQ(field(fieldARows+sliceLength), left)
	SUBQ(field(fieldNext), left)
	JLE(LabelRef("done"))
	CMPQ(left, Imm(uint64(2*rows-1)))
	JGE(LabelRef(block(rows)))
	CMPQ(left, Imm(uint64(rows)))
	JLE(LabelRef("choose"))
	INCQ(left)
	SHRQ(Imm(1), left)
	Label("choose")
	for n := 1; n < rows; n++ {
		CMPQ(left, Imm(uint64(n)))
		JE(LabelRef(block(n)))
	}
	for n := rows; n > 0; n-- {
		writeBlock(n, columns*4/width, width, vector, kept)
	}
	Label("done")
	VZEROUPPER()
	RET()
}

func block(rows int) string { return fmt.Sprintf("block%d", rows) }

func writeBlock(rows, vectors, width int, vector func() reg.VecVirtual, kept slots) {
	label := func(what string) string { return fmt.Sprintf("%s%d", what, rows) }
	Label(block(rows))
	if rows <= registerRows {
		kept = registerSlots()
	}

	sums := make([][]reg.VecVirtual, rows)
	for i := range sums {
		for range vectors {
			sums[i] = append(sums[i], vector())
		}
	}
	// loadPlace moves the place of row i in a table to a register.
	loadTable := func(table int) {
		MOVQ(field(fieldNext), next)
		MOVQ(field(table+slicePointer), pointer)
	}
	loadPlace := func(i int, to reg.GPPhysical) { MOVQ(Mem{Base: pointer, Index: next, Scale: 8, Disp: 8 * i}, to) }
	// eachOutput calls f with where each row and vector lies in C.
	eachOutput := func(f func(i, j int, at Mem)) {
		MOVQ(field(fieldC+slicePointer), c)
		loadTable(fieldCRows)
		for i := range rows {
			loadPlace(i, place)
			for j := range vectors {
				f(i, j, Mem{Base: c, Index: place, Scale: 4, Disp: width * j})
			}
		}
	}

	start := value
	MOVQ(field(fieldStart+slicePointer), start)
	TESTQ(start, start)
	JZ(LabelRef(label("accumulate")))
	for j := range vectors {
		VMOVUPS(Mem{Base: start, Disp: width * j}, sums[0][j])
		for i := 1; i < rows; i++ {
			VMOVAPS(sums[0][j], sums[i][j])
		}
	}
	JMP(LabelRef(label("begin")))
	Label(label("accumulate"))
	eachOutput(func(i, j int, at Mem) { VMOVUPS(at, sums[i][j]) })

	Label(label("begin"))
	if rows > registerRows {
		move(field(fieldA+slicePointer), kept.a)
		move(field(fieldB+slicePointer), kept.b)
		move(field(fieldSteps), kept.steps)
	}
	move(field(fieldAStep), kept.aBytes)
	SHLQ(Imm(2), kept.aBytes)
	move(field(fieldBStep), kept.bBytes)
	SHLQ(Imm(2), kept.bBytes)
	move(field(fieldSegments+slicePointer), kept.segment)
	move(field(fieldSegments+sliceLength), kept.left)
	CMPQ(kept.left, Imm(0))
	JE(LabelRef(label("store")))
	loadTable(fieldARows)
	for i := range rows {
		loadPlace(i, places[i])
	}

	Label(label("segment"))
	MOVQ(kept.steps, pa)
	MOVQ(pa, kept.step)
	MOVQ(kept.segment, pa)
	MOVQ(Mem{Base: pa, Disp: 8}, pb)
	SHLQ(Imm(2), pb)
	ADDQ(kept.b, pb)
	MOVQ(Mem{Base: pa}, pa)
	SHLQ(Imm(2), pa)
	ADDQ(kept.a, pa)
	ADDQ(Imm(16), kept.segment)

	Label(label("step"))
	column := make([]reg.VecVirtual, vectors)
	for j := range column {
		column[j] = vector()
		VMOVUPS(Mem{Base: pb, Disp: width * j}, column[j])
	}
	for i := range rows {
		a := Mem{Base: pa, Index: places[i], Scale: 4}
		if width == 64 { // AVX-512 broadcasts on the way
			VFMADD231PS_BCST(a, column[0], sums[i][0])
			continue
		}
		term := vector()
		VBROADCASTSS(a, term)
		for j := range vectors {
			VFMADD231PS(column[j], term, sums[i][j])
		}
	}
	ADDQ(kept.aBytes, pa)
	ADDQ(kept.bBytes, pb)
	DECQ(kept.step)
	JNZ(LabelRef(label("step")))
	DECQ(kept.left)
	JNZ(LabelRef(label("segment")))

	Label(label("store"))
	loadProduct()
	floor := vector()
	VBROADCASTSS(field(fieldFloor), floor)
	eachOutput(func(i, j int, at Mem) {
		VMAXPS(sums[i][j], floor, sums[i][j]) // the last operand of the instruction, here the first, wins over NaN
		VMOVUPS(sums[i][j], at)
	})
	ADDQ(Imm(uint64(rows)), field(fieldNext))
	JMP(LabelRef("rows"))
}
