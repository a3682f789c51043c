// Package product writes the assembly of the inner kernel; see product in package cpu.
package product

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
)

// Write writes the functions.
func Write(asm *assembler.Assembler) {
	g := &generator{Assembler: asm, field: asm.Fields("product", t)}
	g.write("productAVX2", 6, asm.Constant("tileColumns"), 32, asm.YMM)
	g.write("productNarrowAVX2", 12, asm.Constant("narrowColumns"), 32, asm.YMM)
	g.write("productAVX512", 12, asm.Constant("tileColumns"), 64, asm.ZMM)
	asm.Expect("tileColumns", 16) // of which one register of AVX-512 holds a row
	g.panelBytes = reg.RBP
	g.write("productPairAVX512", 12, asm.Constant("pairColumns"), 64, asm.ZMM)
}

// Which register holds what; avo's own allocation fails where this many are in use.
var (
	t             = reg.RAX // the product
	next, pointer = reg.RCX, reg.RDX
	c, place      = reg.RBX, reg.RSI
	value         = reg.RCX
	pa, pb        = reg.RCX, reg.RDX // inside the loops
	lastColumns   = reg.K1
	places        = []reg.GPPhysical{
		reg.RBX, reg.RSI, reg.RDI, reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.R14, reg.R15, reg.RAX,
	}
)

type generator struct {
	*assembler.Assembler
	field      func(name string) Mem // of the product
	panelBytes reg.Register          // from a row's first register of B to its second where they lie in two panels, else nil
}

// registerRows is the number of rows up to which there are enough registers for all that a block keeps; such blocks leave the product's
// register alone too.
const registerRows = 6

// variableRows is the number of rows up to which there are enough registers for a block's variables.
const variableRows = 8

// constants are what all blocks of a call share; pa and pb are where A and B begin in the first segment.
type constants struct{ a, b, steps, aBytes, bBytes, pa, pb Op }

// variables are what a block keeps besides the rows' places: its segment, how many are left, and how many steps of it.
type variables struct{ segment, left, step Op }

func (asm *generator) slot() Op { return asm.AllocLocal(8) }

// loadConstants computes the constants of blocks of up to rows rows. What a block's first products wait for is then one load away.
func (asm *generator) loadConstants(rows int) constants {
	k := constants{
		a: asm.field("a"), b: asm.field("b"), steps: asm.field("steps"),
		aBytes: reg.R11, bBytes: reg.R12, pa: asm.slot(), pb: asm.slot(),
	}
	if rows > registerRows {
		k = constants{asm.slot(), asm.slot(), asm.slot(), asm.slot(), asm.slot(), asm.slot(), asm.slot()}
		asm.move(asm.field("a"), k.a)
		asm.move(asm.field("b"), k.b)
		asm.move(asm.field("steps"), k.steps)
	}
	asm.move(asm.field("aStep"), k.aBytes)
	asm.SHLQ(Imm(2), k.aBytes)
	asm.move(asm.field("bStep"), k.bBytes)
	asm.SHLQ(Imm(2), k.bBytes)
	asm.CMPQ(assembler.Length(asm.field("segments")), Imm(0))
	asm.JE(LabelRef("rows"))
	asm.loadSegment(k, asm.field("segments"))
	asm.MOVQ(pa, k.pa)
	asm.MOVQ(pb, k.pb)
	return k
}

// move copies a field or constant to where it is kept.
func (asm *generator) move(from, to Op) {
	if _, isMemory := to.(Mem); isMemory {
		asm.MOVQ(from, value)
		asm.MOVQ(value, to)
		return
	}
	asm.MOVQ(from, to)
}

// loadSegment moves where A and B begin in a segment to pa and pb.
func (asm *generator) loadSegment(k constants, segment Op) {
	asm.MOVQ(segment, pa)
	field := asm.Fields("segment", pa)
	asm.MOVQ(field("b"), pb)
	asm.SHLQ(Imm(2), pb)
	asm.ADDQ(k.b, pb)
	asm.MOVQ(field("a"), pa)
	asm.SHLQ(Imm(2), pa)
	asm.ADDQ(k.a, pa)
}

// loadProduct brings back the product's address, whose register large blocks use.
func (asm *generator) loadProduct() { asm.Load(asm.Param("t"), t) }

// write writes a function that computes at most rows rows of a number of columns at a time, each in columns*4/width registers.
func (asm *generator) write(name string, rows, columns, width int, vector func() reg.VecVirtual) {
	asm.Implement(name)
	asm.loadProduct()
	asm.XORQ(next, next)
	asm.MOVQ(next, asm.field("next"))
	if width == 64 {
		asm.KMOVW(asm.field("lastColumns"), lastColumns)
	}
	k := asm.loadConstants(rows)
	var onStack variables
	if rows > variableRows {
		onStack = variables{asm.slot(), asm.slot(), asm.slot()}
	}

	// Whole blocks of rows while there are enough; what is left is split evenly, since a block of few rows waits for its own sums.
	asm.Label("rows")
	left := value
	asm.MOVQ(assembler.Length(asm.field("aRows")), left)
	asm.SUBQ(asm.field("next"), left)
	asm.JLE(LabelRef("done"))
	asm.CMPQ(left, Imm(uint64(2*rows-1)))
	asm.JGE(LabelRef(block(rows)))
	asm.CMPQ(left, Imm(uint64(rows)))
	asm.JLE(LabelRef("choose"))
	asm.INCQ(left)
	asm.SHRQ(Imm(1), left)
	asm.Label("choose")
	for n := 1; n < rows; n++ {
		asm.CMPQ(left, Imm(uint64(n)))
		asm.JE(LabelRef(block(n)))
	}
	for n := rows; n > 0; n-- {
		v := variables{reg.R13, reg.R14, reg.R15}
		if n > variableRows {
			v = onStack
		}
		asm.writeBlock(n, columns*4/width, width, vector, k, v)
	}
	asm.Label("done")
	asm.VZEROUPPER()
	asm.RET()
}

func block(rows int) string { return fmt.Sprintf("block%d", rows) }

func (asm *generator) writeBlock(rows, vectors, width int, vector func() reg.VecVirtual, k constants, v variables) {
	label := func(what string) string { return fmt.Sprintf("%s%d", what, rows) }
	asm.Label(block(rows))

	sums := make([][]reg.VecVirtual, rows)
	for i := range sums {
		for range vectors {
			sums[i] = append(sums[i], vector())
		}
	}
	loadTable := func(table string) {
		asm.MOVQ(asm.field("next"), next)
		asm.MOVQ(asm.field(table), pointer)
	}
	// loadPlace moves the place of row next+i in a table to a register.
	loadPlace := func(i int, to reg.GPPhysical) { asm.MOVQ(Mem{Base: pointer, Index: next, Scale: 8, Disp: 8 * i}, to) }
	// AVX-512 leaves what is beyond the last column alone.
	isMasked := func(j int) bool { return width == 64 && j == vectors-1 }
	// eachOutput calls f with where each row and vector lies in C, the first of them in row next+first.
	eachOutput := func(first int, f func(i, j int, at Mem)) {
		asm.MOVQ(asm.field("c"), c)
		loadTable("cRows")
		for i := range rows {
			loadPlace(first+i, place)
			for j := range vectors {
				f(i, j, Mem{Base: c, Index: place, Scale: 4, Disp: width * j})
			}
		}
	}

	start := value
	asm.MOVQ(asm.field("start"), start)
	asm.TESTQ(start, start)
	asm.JZ(LabelRef(label("accumulate")))
	for j := range vectors {
		asm.VMOVUPS(Mem{Base: start, Disp: width * j}, sums[0][j])
		for i := 1; i < rows; i++ {
			asm.VMOVAPS(sums[0][j], sums[i][j])
		}
	}
	asm.JMP(LabelRef(label("begin")))
	asm.Label(label("accumulate"))
	eachOutput(0, func(i, j int, at Mem) {
		if isMasked(j) {
			asm.VMOVUPS_Z(at, lastColumns, sums[i][j])
		} else {
			asm.VMOVUPS(at, sums[i][j])
		}
	})

	asm.Label(label("begin"))
	asm.move(asm.field("segments"), v.segment)
	asm.move(assembler.Length(asm.field("segments")), v.left)
	loadTable("aRows")
	asm.ADDQ(Imm(uint64(rows)), asm.field("next")) // long before the next block waits for it
	asm.CMPQ(v.left, Imm(0))
	asm.JE(LabelRef(label("store")))
	if asm.panelBytes != nil {
		asm.MOVQ(asm.field("panel"), asm.panelBytes)
		asm.SHLQ(Imm(2), asm.panelBytes)
	}
	for i := range rows {
		loadPlace(i, places[i])
	}
	asm.move(k.steps, v.step)
	asm.MOVQ(k.pa, pa)
	asm.MOVQ(k.pb, pb)

	asm.Label(label("step"))
	column := make([]reg.VecVirtual, vectors)
	for j := range column {
		column[j] = vector()
		b := Mem{Base: pb, Disp: width * j}
		if asm.panelBytes != nil && j > 0 {
			b = Mem{Base: pb, Index: asm.panelBytes, Scale: 1}
		}
		asm.VMOVUPS(b, column[j])
	}
	for i := range rows {
		a := Mem{Base: pa, Index: places[i], Scale: 4}
		if vectors == 1 && width == 64 { // AVX-512 broadcasts on the way
			asm.VFMADD231PS_BCST(a, column[0], sums[i][0])
			continue
		}
		term := vector()
		asm.VBROADCASTSS(a, term)
		for j := range vectors {
			asm.VFMADD231PS(column[j], term, sums[i][j])
		}
	}
	asm.ADDQ(k.aBytes, pa)
	asm.ADDQ(k.bBytes, pb)
	asm.DECQ(v.step)
	asm.JNZ(LabelRef(label("step")))
	asm.DECQ(v.left)
	asm.JZ(LabelRef(label("store")))
	asm.ADDQ(Imm(uint64(asm.Size("segment"))), v.segment)
	asm.move(k.steps, v.step)
	asm.loadSegment(k, v.segment)
	asm.JMP(LabelRef(label("step")))

	asm.Label(label("store"))
	if rows > registerRows {
		asm.loadProduct()
	}
	floor := vector()
	asm.VBROADCASTSS(asm.field("floor"), floor)
	eachOutput(-rows, func(i, j int, at Mem) {
		asm.VMAXPS(sums[i][j], floor, sums[i][j]) // the last operand of the instruction, here the first, wins over NaN
		if isMasked(j) {
			asm.VMOVUPS(sums[i][j], lastColumns, at)
		} else {
			asm.VMOVUPS(sums[i][j], at)
		}
	})
	asm.JMP(LabelRef("rows"))
}
