// Package gather writes the assembly of the sums over lists; see gather in package cpu.
package gather

import (
	"fmt"
	"math/bits"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
)

// Write writes the functions.
func Write(asm *assembler.Assembler) {
	for _, set := range []assembler.Set{assembler.AVX2, assembler.AVX512} {
		generator{set.Of(asm)}.write()
	}
}

type generator struct{ assembler.Vectors }

// mostVectors is the number of registers up to which a number of rows have columns. AVX-512 has enough for as many of each row as of one.
func (asm generator) mostVectors(rows int) int {
	if asm.Set == assembler.AVX512 {
		rows = 1
	}
	columns := asm.Constant("gatherSums") / rows * asm.Constant("gatherVector")
	return columns / asm.Width()
}

func (asm generator) write() {
	asm.Implement("gather" + asm.Name)
	t := asm.Load(asm.Param("t"), asm.GP64())
	field := asm.Fields("gather", t)
	rowsAtOnce := asm.Constant("gatherRows")

	asm.MaskLast(field("columns"), asm.mostVectors(1))
	rows, vectors := asm.GP64(), asm.GP64()
	asm.MOVQ(field("rows"), rows)
	asm.MOVQ(field("columns"), vectors)
	asm.ADDQ(Imm(uint64(asm.Width()-1)), vectors)
	asm.SHRQ(Imm(uint64(bits.TrailingZeros(uint(asm.Width())))), vectors)
	for r := 1; r <= rowsAtOnce; r++ {
		other := fmt.Sprintf("rows%d", r+1)
		asm.CMPQ(rows, Imm(uint64(r)))
		asm.JNE(LabelRef(other))
		for v := 1; v <= asm.mostVectors(r); v++ {
			asm.CMPQ(vectors, Imm(uint64(v)))
			asm.JE(LabelRef(fmt.Sprintf("start%dx%d", r, v)))
		}
		asm.Label(other)
	}
	asm.RET()
	for r := 1; r <= rowsAtOnce; r++ {
		for v := 1; v <= asm.mostVectors(r); v++ {
			asm.writeBlock(field, r, v)
		}
	}
}

func (asm generator) writeBlock(field func(string) Mem, rows, vectors int) {
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
		m := Mem{Base: pointer, Disp: asm.Bytes(v)}
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
			acc[r] = append(acc[r], asm.Vector())
			asm.LoadVector(row(ps, sumsBytes, r, v), acc[r][v], v == vectors-1)
		}
	}
	places, values, end := asm.GP64(), asm.GP64(), asm.GP64()
	asm.MOVQ(spanField("first"), n)
	asm.MOVQ(field("places"), places)
	asm.MOVQ(field("values"), values)
	asm.LEAQ(Mem{Base: n, Index: count, Scale: 1}, end)

	asm.Label(label("entry"))
	at, value := asm.GP64(), asm.Vector()
	asm.MOVLQSX(Mem{Base: places, Index: n, Scale: 4}, at)
	asm.LEAQ(Mem{Base: pb, Index: at, Scale: 4}, at)
	asm.VBROADCASTSS(Mem{Base: values, Index: n, Scale: 4}, value)
	for r := range rows {
		for v := range vectors {
			asm.AddProducts(row(at, bBytes, r, v), value, acc[r][v], v == vectors-1)
		}
	}
	asm.INCQ(n)
	asm.CMPQ(n, end)
	asm.JNE(LabelRef(label("entry")))

	for r := range acc {
		for v := range vectors {
			asm.StoreVector(acc[r][v], row(ps, sumsBytes, r, v), v == vectors-1)
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
