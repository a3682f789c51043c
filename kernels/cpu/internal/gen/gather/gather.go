// Package gather writes the assembly of the sums over lists; see gather in package cpu.
package gather

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
)

// width is the number of bytes of a register.
const width = 32

// Write writes the functions.
func Write(asm *assembler.Assembler) {
	asm.Expect("gatherVector", width/4)
	asm.Implement("gatherAVX2")
	t := asm.Load(asm.Param("t"), asm.GP64())
	field := asm.Fields("gather", t)
	sums, rowsAtOnce := asm.Constant("gatherSums"), asm.Constant("gatherRows")

	rows, vectors := asm.GP64(), asm.GP64()
	asm.MOVQ(field("rows"), rows)
	asm.MOVQ(field("vectors"), vectors)
	for r := 1; r <= rowsAtOnce; r++ {
		other := fmt.Sprintf("rows%d", r+1)
		asm.CMPQ(rows, Imm(uint64(r)))
		asm.JNE(LabelRef(other))
		for v := 1; v <= sums/r; v++ {
			asm.CMPQ(vectors, Imm(uint64(v)))
			asm.JE(LabelRef(fmt.Sprintf("start%dx%d", r, v)))
		}
		asm.Label(other)
	}
	asm.RET()
	for r := 1; r <= rowsAtOnce; r++ {
		for v := 1; v <= sums/r; v++ {
			writeBlock(asm, field, r, v)
		}
	}
}

func writeBlock(asm *assembler.Assembler, field func(string) Mem, rows, vectors int) {
	label := func(what string) string { return fmt.Sprintf("%s%dx%d", what, rows, vectors) }
	asm.Label(label("start"))
	sumsBytes, bBytes := asm.GP64(), asm.GP64()
	asm.MOVQ(field("sumsRow"), sumsBytes)
	asm.SHLQ(Imm(2), sumsBytes)
	asm.MOVQ(field("bRow"), bBytes)
	asm.SHLQ(Imm(2), bBytes)
	span, spans := asm.GP64(), asm.GP64()
	asm.MOVQ(field("spans"), span)
	asm.MOVQ(assembler.Length(field("spans")), spans)
	spanField := asm.Fields("gatherSpan", span)
	asm.TESTQ(spans, spans)
	asm.JZ(LabelRef(label("done")))

	// row is the place of vector v of row r from a pointer on.
	row := func(pointer reg.GPVirtual, bytes reg.GPVirtual, r, v int) Mem {
		m := Mem{Base: pointer, Disp: width * v}
		if r > 0 {
			m.Index, m.Scale = bytes, uint8(r)
		}
		return m
	}

	asm.Label(label("span"))
	count := asm.GP64()
	asm.MOVQ(spanField("count"), count)
	asm.TESTQ(count, count)
	asm.JZ(LabelRef(label("next")))
	ps, pb, n := asm.GP64(), asm.GP64(), asm.GP64()
	asm.MOVQ(spanField("sums"), n)
	asm.MOVQ(field("sums"), ps)
	asm.LEAQ(Mem{Base: ps, Index: n, Scale: 4}, ps)
	asm.MOVQ(field("b"), pb)

	acc := make([][]reg.VecVirtual, rows)
	for r := range acc {
		for v := range vectors {
			acc[r] = append(acc[r], asm.YMM())
			asm.VMOVUPS(row(ps, sumsBytes, r, v), acc[r][v])
		}
	}
	places, values, end := asm.GP64(), asm.GP64(), asm.GP64()
	asm.MOVQ(spanField("first"), n)
	asm.MOVQ(field("places"), places)
	asm.MOVQ(field("values"), values)
	asm.LEAQ(Mem{Base: n, Index: count, Scale: 1}, end)

	asm.Label(label("entry"))
	at, value := asm.GP64(), asm.YMM()
	asm.MOVLQSX(Mem{Base: places, Index: n, Scale: 4}, at)
	asm.LEAQ(Mem{Base: pb, Index: at, Scale: 4}, at)
	asm.VBROADCASTSS(Mem{Base: values, Index: n, Scale: 4}, value)
	for r := range rows {
		for v := range vectors {
			asm.VFMADD231PS(row(at, bBytes, r, v), value, acc[r][v])
		}
	}
	asm.INCQ(n)
	asm.CMPQ(n, end)
	asm.JNE(LabelRef(label("entry")))

	for r := range acc {
		for v := range vectors {
			asm.VMOVUPS(acc[r][v], row(ps, sumsBytes, r, v))
		}
	}
	asm.Label(label("next"))
	asm.ADDQ(Imm(uint64(asm.Size("gatherSpan"))), span)
	asm.DECQ(spans)
	asm.JNZ(LabelRef(label("span")))
	asm.Label(label("done"))
	asm.VZEROUPPER()
	asm.RET()
}
