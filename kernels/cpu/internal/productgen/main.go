// Command productgen writes the assembly of the inner kernel; see product in package cpu.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of a product lie; a test in package cpu holds these against the struct.
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
	Package("cnn-gpu/kernels/cpu")
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

// registerRows is the number of rows up to which there are enough registers for all that a block keeps; such blocks leave the product's
// register alone too.
const registerRows = 6

// constants are what all blocks of a call share; pa and pb are where A and B begin in the first segment.
type constants struct{ a, b, steps, aBytes, bBytes, pa, pb Op }

// variables are what a block keeps besides the rows' places: its segment, how many are left, and how many steps of it.
type variables struct{ segment, left, step Op }

func slot() Op { return AllocLocal(8) }

// loadConstants computes the constants of blocks of up to rows rows. What a block's first products wait for is then one load away.
func loadConstants(rows int) constants {
	k := constants{
		a: field(fieldA + slicePointer), b: field(fieldB + slicePointer), steps: field(fieldSteps),
		aBytes: reg.R11, bBytes: reg.R12, pa: slot(), pb: slot(),
	}
	if rows > registerRows {
		k = constants{slot(), slot(), slot(), slot(), slot(), slot(), slot()}
		move(field(fieldA+slicePointer), k.a)
		move(field(fieldB+slicePointer), k.b)
		move(field(fieldSteps), k.steps)
	}
	move(field(fieldAStep), k.aBytes)
	SHLQ(Imm(2), k.aBytes)
	move(field(fieldBStep), k.bBytes)
	SHLQ(Imm(2), k.bBytes)
	CMPQ(field(fieldSegments+sliceLength), Imm(0))
	JE(LabelRef("rows"))
	k.loadSegment(field(fieldSegments + slicePointer))
	MOVQ(pa, k.pa)
	MOVQ(pb, k.pb)
	return k
}

// move copies a field or constant to where it is kept.
func move(from, to Op) {
	if _, isMemory := to.(Mem); isMemory {
		MOVQ(from, value)
		MOVQ(value, to)
		return
	}
	MOVQ(from, to)
}

// loadSegment moves where A and B begin in a segment to pa and pb.
func (k constants) loadSegment(segment Op) {
	MOVQ(segment, pa)
	MOVQ(Mem{Base: pa, Disp: 8}, pb)
	SHLQ(Imm(2), pb)
	ADDQ(k.b, pb)
	MOVQ(Mem{Base: pa}, pa)
	SHLQ(Imm(2), pa)
	ADDQ(k.a, pa)
}

// loadProduct brings back the product's address, whose register large blocks use.
func loadProduct() { Load(Param("t"), t) }

// generate writes a function that computes at most rows rows of a number of columns at a time, each in columns*4/width registers.
func generate(name string, rows, columns, width int, vector func() reg.VecVirtual) {
	Implement(name)
	loadProduct()
	XORQ(next, next)
	MOVQ(next, field(fieldNext))
	k := loadConstants(rows)
	var onStack variables
	if rows > registerRows {
		onStack = variables{slot(), slot(), slot()}
	}

	// Whole blocks of rows while there are enough; what is left is split evenly, since a block of few rows waits for its own sums.
	Label("rows")
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
		v := variables{reg.R13, reg.R14, reg.R15}
		if n > registerRows {
			v = onStack
		}
		writeBlock(n, columns*4/width, width, vector, k, v)
	}
	Label("done")
	VZEROUPPER()
	RET()
}

func block(rows int) string { return fmt.Sprintf("block%d", rows) }

func writeBlock(rows, vectors, width int, vector func() reg.VecVirtual, k constants, v variables) {
	label := func(what string) string { return fmt.Sprintf("%s%d", what, rows) }
	Label(block(rows))

	sums := make([][]reg.VecVirtual, rows)
	for i := range sums {
		for range vectors {
			sums[i] = append(sums[i], vector())
		}
	}
	loadTable := func(table int) {
		MOVQ(field(fieldNext), next)
		MOVQ(field(table+slicePointer), pointer)
	}
	// loadPlace moves the place of row next+i in a table to a register.
	loadPlace := func(i int, to reg.GPPhysical) { MOVQ(Mem{Base: pointer, Index: next, Scale: 8, Disp: 8 * i}, to) }
	// eachOutput calls f with where each row and vector lies in C, the first of them in row next+first.
	eachOutput := func(first int, f func(i, j int, at Mem)) {
		MOVQ(field(fieldC+slicePointer), c)
		loadTable(fieldCRows)
		for i := range rows {
			loadPlace(first+i, place)
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
	eachOutput(0, func(i, j int, at Mem) { VMOVUPS(at, sums[i][j]) })

	Label(label("begin"))
	move(field(fieldSegments+slicePointer), v.segment)
	move(field(fieldSegments+sliceLength), v.left)
	loadTable(fieldARows)
	ADDQ(Imm(uint64(rows)), field(fieldNext)) // long before the next block waits for it
	CMPQ(v.left, Imm(0))
	JE(LabelRef(label("store")))
	for i := range rows {
		loadPlace(i, places[i])
	}
	move(k.steps, v.step)
	MOVQ(k.pa, pa)
	MOVQ(k.pb, pb)

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
	ADDQ(k.aBytes, pa)
	ADDQ(k.bBytes, pb)
	DECQ(v.step)
	JNZ(LabelRef(label("step")))
	DECQ(v.left)
	JZ(LabelRef(label("store")))
	ADDQ(Imm(16), v.segment)
	move(k.steps, v.step)
	k.loadSegment(v.segment)
	JMP(LabelRef(label("step")))

	Label(label("store"))
	if rows > registerRows {
		loadProduct()
	}
	floor := vector()
	VBROADCASTSS(field(fieldFloor), floor)
	eachOutput(-rows, func(i, j int, at Mem) {
		VMAXPS(sums[i][j], floor, sums[i][j]) // the last operand of the instruction, here the first, wins over NaN
		VMOVUPS(sums[i][j], at)
	})
	JMP(LabelRef("rows"))
}
