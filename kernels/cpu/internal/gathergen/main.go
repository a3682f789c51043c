// Command gathergen writes the assembly of the sums over lists; see gather in package cpu.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of a gather and a gatherSpan lie; a test in package cpu holds these against the structs.
const (
	fieldSums    = 0
	fieldB       = 24
	fieldSpans   = 48
	fieldPlaces  = 72
	fieldValues  = 96
	fieldRows    = 120
	fieldVectors = 128
	fieldSumsRow = 136
	fieldBRow    = 144

	slicePointer, sliceLength      = 0, 8
	spanSums, spanFirst, spanCount = 0, 8, 16
	spanSize                       = 24
)

// sums is the number of registers that hold sums, and rowsAtOnce the most rows that they are shared among.
const (
	sums       = 12
	rowsAtOnce = 3
	width      = 32
)

func main() {
	Package("cnn-gpu/kernels/cpu")
	Implement("gatherAVX2")
	t := Load(Param("t"), GP64())
	field := func(offset int) Mem { return Mem{Base: t, Disp: offset} }

	rows, vectors := GP64(), GP64()
	MOVQ(field(fieldRows), rows)
	MOVQ(field(fieldVectors), vectors)
	for r := 1; r <= rowsAtOnce; r++ {
		other := fmt.Sprintf("rows%d", r+1)
		CMPQ(rows, Imm(uint64(r)))
		JNE(LabelRef(other))
		for v := 1; v <= sums/r; v++ {
			CMPQ(vectors, Imm(uint64(v)))
			JE(LabelRef(fmt.Sprintf("start%dx%d", r, v)))
		}
		Label(other)
	}
	RET()
	for r := 1; r <= rowsAtOnce; r++ {
		for v := 1; v <= sums/r; v++ {
			writeBlock(field, r, v)
		}
	}
	Generate()
}

func writeBlock(field func(int) Mem, rows, vectors int) {
	label := func(what string) string { return fmt.Sprintf("%s%dx%d", what, rows, vectors) }
	Label(label("start"))
	sumsBytes, bBytes := GP64(), GP64()
	MOVQ(field(fieldSumsRow), sumsBytes)
	SHLQ(Imm(2), sumsBytes)
	MOVQ(field(fieldBRow), bBytes)
	SHLQ(Imm(2), bBytes)
	span, spans := GP64(), GP64()
	MOVQ(field(fieldSpans+slicePointer), span)
	MOVQ(field(fieldSpans+sliceLength), spans)
	TESTQ(spans, spans)
	JZ(LabelRef(label("done")))

	// row is the place of vector v of row r from a pointer on.
	row := func(pointer reg.GPVirtual, bytes reg.GPVirtual, r, v int) Mem {
		m := Mem{Base: pointer, Disp: width * v}
		if r > 0 {
			m.Index, m.Scale = bytes, uint8(r)
		}
		return m
	}

	Label(label("span"))
	count := GP64()
	MOVQ(Mem{Base: span, Disp: spanCount}, count)
	TESTQ(count, count)
	JZ(LabelRef(label("next")))
	ps, pb, n := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: span, Disp: spanSums}, n)
	MOVQ(field(fieldSums+slicePointer), ps)
	LEAQ(Mem{Base: ps, Index: n, Scale: 4}, ps)
	MOVQ(field(fieldB+slicePointer), pb)

	acc := make([][]reg.VecVirtual, rows)
	for r := range acc {
		for v := range vectors {
			acc[r] = append(acc[r], YMM())
			VMOVUPS(row(ps, sumsBytes, r, v), acc[r][v])
		}
	}
	places, values, end := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: span, Disp: spanFirst}, n)
	MOVQ(field(fieldPlaces+slicePointer), places)
	MOVQ(field(fieldValues+slicePointer), values)
	LEAQ(Mem{Base: n, Index: count, Scale: 1}, end)

	Label(label("entry"))
	at, value := GP64(), YMM()
	MOVLQSX(Mem{Base: places, Index: n, Scale: 4}, at)
	LEAQ(Mem{Base: pb, Index: at, Scale: 4}, at)
	VBROADCASTSS(Mem{Base: values, Index: n, Scale: 4}, value)
	for r := range rows {
		for v := range vectors {
			VFMADD231PS(row(at, bBytes, r, v), value, acc[r][v])
		}
	}
	INCQ(n)
	CMPQ(n, end)
	JNE(LabelRef(label("entry")))

	for r := range acc {
		for v := range vectors {
			VMOVUPS(acc[r][v], row(ps, sumsBytes, r, v))
		}
	}
	Label(label("next"))
	ADDQ(Imm(spanSize), span)
	DECQ(spans)
	JNZ(LabelRef(label("span")))
	Label(label("done"))
	VZEROUPPER()
	RET()
}
