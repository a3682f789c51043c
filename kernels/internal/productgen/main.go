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

// columns is the width of a product, and vector the number of bytes in a register.
const columns = 16

func main() {
	Package("cnn-gpu/kernels")
	generate("productAVX2", 6, 32, YMM)
	Generate()
}

// generate writes a function that computes at most rows rows at a time, each in columns*4/width registers.
func generate(name string, rows, width int, vector func() reg.VecVirtual) {
	Implement(name)
	t := Load(Param("t"), GP64())
	field := func(offset int) Mem { return Mem{Base: t, Disp: offset} }
	clear := GP64()
	XORQ(clear, clear)
	MOVQ(clear, field(fieldNext))

	// Whole blocks of rows while there are enough; what is left is split evenly, since a block of few rows waits for its own sums.
	Label("rows")
	left, size := GP64(), GP64()
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
	MOVQ(left, size)
	for n := 1; n < rows; n++ {
		CMPQ(size, Imm(uint64(n)))
		JE(LabelRef(block(n)))
	}
	for n := rows; n > 0; n-- {
		writeBlock(field, n, columns*4/width, width, vector)
	}
	Label("done")
	VZEROUPPER()
	RET()
}

func block(rows int) string { return fmt.Sprintf("block%d", rows) }

func writeBlock(field func(int) Mem, rows, vectors, width int, vector func() reg.VecVirtual) {
	label := func(what string) string { return fmt.Sprintf("%s%d", what, rows) }
	Label(block(rows))

	sums := make([][]reg.VecVirtual, rows)
	for i := range sums {
		for range vectors {
			sums[i] = append(sums[i], vector())
		}
	}
	// places returns the offsets of the block's rows of a table.
	places := func(table int) []reg.GPVirtual {
		next, pointer := GP64(), GP64()
		MOVQ(field(fieldNext), next)
		MOVQ(field(table+slicePointer), pointer)
		list := make([]reg.GPVirtual, rows)
		for i := range list {
			list[i] = GP64()
			MOVQ(Mem{Base: pointer, Index: next, Scale: 8, Disp: 8 * i}, list[i])
		}
		return list
	}

	start := GP64()
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
	c := GP64()
	MOVQ(field(fieldC+slicePointer), c)
	for i, at := range places(fieldCRows) {
		for j := range vectors {
			VMOVUPS(Mem{Base: c, Index: at, Scale: 4, Disp: width * j}, sums[i][j])
		}
	}

	Label(label("begin"))
	row := places(fieldARows)
	aBytes, bBytes := GP64(), GP64()
	MOVQ(field(fieldAStep), aBytes)
	SHLQ(Imm(2), aBytes)
	MOVQ(field(fieldBStep), bBytes)
	SHLQ(Imm(2), bBytes)
	segment, left := GP64(), GP64()
	MOVQ(field(fieldSegments+slicePointer), segment)
	MOVQ(field(fieldSegments+sliceLength), left)
	TESTQ(left, left)
	JZ(LabelRef(label("store")))

	Label(label("segment"))
	pa, pb, n := GP64(), GP64(), GP64()
	MOVQ(field(fieldA+slicePointer), pa)
	MOVQ(Mem{Base: segment}, n)
	LEAQ(Mem{Base: pa, Index: n, Scale: 4}, pa)
	MOVQ(field(fieldB+slicePointer), pb)
	MOVQ(Mem{Base: segment, Disp: 8}, n)
	LEAQ(Mem{Base: pb, Index: n, Scale: 4}, pb)
	ADDQ(Imm(16), segment)
	MOVQ(field(fieldSteps), n)

	Label(label("step"))
	column := make([]reg.VecVirtual, vectors)
	for j := range column {
		column[j] = vector()
		VMOVUPS(Mem{Base: pb, Disp: width * j}, column[j])
	}
	for i := range rows {
		value := vector()
		VBROADCASTSS(Mem{Base: pa, Index: row[i], Scale: 4}, value)
		for j := range vectors {
			VFMADD231PS(column[j], value, sums[i][j])
		}
	}
	ADDQ(aBytes, pa)
	ADDQ(bBytes, pb)
	DECQ(n)
	JNZ(LabelRef(label("step")))
	DECQ(left)
	JNZ(LabelRef(label("segment")))

	Label(label("store"))
	floor := vector()
	VBROADCASTSS(field(fieldFloor), floor)
	MOVQ(field(fieldC+slicePointer), c)
	for i, at := range places(fieldCRows) {
		for j := range vectors {
			VMAXPS(sums[i][j], floor, sums[i][j]) // the last operand of the instruction, here the first, wins over NaN
			VMOVUPS(sums[i][j], Mem{Base: c, Index: at, Scale: 4, Disp: width * j})
		}
	}
	next := GP64()
	MOVQ(field(fieldNext), next)
	ADDQ(Imm(uint64(rows)), next)
	MOVQ(next, field(fieldNext))
	JMP(LabelRef("rows"))
}
