// Package transpose writes the assembly of the transposition of matrices; see transpose in package cpu.
package transpose

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
)

// tile is the number of rows and columns that are transposed in registers.
const tile = 8

// prefetch is the distance in bytes at which rows, which may be far apart, are brought into the cache.
const prefetch = 512

// Write writes the functions.
func Write(asm *assembler.Assembler) {
	asm.Implement("transposeAVX2")
	dst, src := asm.Load(asm.Param("dst"), asm.GP64()), asm.Load(asm.Param("src"), asm.GP64())
	dstStride, srcStride := asm.Load(asm.Param("dstStride"), asm.GP64()), asm.Load(asm.Param("srcStride"), asm.GP64())
	rows, columns := asm.Load(asm.Param("rows"), asm.GP64()), asm.Load(asm.Param("columns"), asm.GP64())
	asm.SHLQ(Imm(2), dstStride)
	asm.SHLQ(Imm(2), srcStride)
	dstStride3, srcStride3 := asm.GP64(), asm.GP64()
	asm.LEAQ(Mem{Base: dstStride, Index: dstStride, Scale: 2}, dstStride3)
	asm.LEAQ(Mem{Base: srcStride, Index: srcStride, Scale: 2}, srcStride3)
	// row is row i of four that begin at base.
	row := func(base, stride, stride3 reg.Register, i int) Mem {
		switch i {
		case 0:
			return Mem{Base: base}
		case 3:
			return Mem{Base: base, Index: stride3, Scale: 1}
		default:
			return Mem{Base: base, Index: stride, Scale: uint8(i)}
		}
	}

	asm.Label("columns")
	to, from, left := asm.GP64(), asm.GP64(), asm.GP64()
	asm.MOVQ(dst, to)
	asm.MOVQ(src, from)
	asm.MOVQ(rows, left)

	asm.Label("rows")
	lower := asm.GP64()
	asm.LEAQ(Mem{Base: from, Index: srcStride, Scale: 4}, lower)
	for i := range 4 {
		asm.PREFETCHT0(row(from, srcStride, srcStride3, i).Offset(prefetch))
		asm.PREFETCHT0(row(lower, srcStride, srcStride3, i).Offset(prefetch))
	}
	// halves[h][i] are the values of columns 4h to 4h+3 in row i, and beside them those in row i+4.
	var halves [2][4]reg.VecVirtual
	for h := range halves {
		for i := range halves[h] {
			halves[h][i] = asm.YMM()
			asm.VMOVUPS(row(from, srcStride, srcStride3, i).Offset(16*h), halves[h][i].AsX())
			asm.VINSERTF128(Imm(1), row(lower, srcStride, srcStride3, i).Offset(16*h), halves[h][i], halves[h][i])
		}
	}
	below := asm.GP64()
	asm.MOVQ(to, below)
	for _, r := range halves {
		low01, high01, low23, high23 := asm.YMM(), asm.YMM(), asm.YMM(), asm.YMM()
		asm.VUNPCKLPS(r[1], r[0], low01)
		asm.VUNPCKHPS(r[1], r[0], high01)
		asm.VUNPCKLPS(r[3], r[2], low23)
		asm.VUNPCKHPS(r[3], r[2], high23)
		for i := range 4 {
			pair01, pair23 := low01, low23
			if i >= 2 {
				pair01, pair23 = high01, high23
			}
			column := asm.YMM()
			if i%2 == 0 {
				asm.VUNPCKLPD(pair23, pair01, column)
			} else {
				asm.VUNPCKHPD(pair23, pair01, column)
			}
			asm.VMOVUPS(column, row(below, dstStride, dstStride3, i))
		}
		asm.LEAQ(Mem{Base: below, Index: dstStride, Scale: 4}, below)
	}
	asm.ADDQ(Imm(4*tile), to)
	asm.LEAQ(Mem{Base: from, Index: srcStride, Scale: tile}, from)
	asm.SUBQ(Imm(tile), left)
	asm.JNZ(LabelRef("rows"))

	asm.LEAQ(Mem{Base: dst, Index: dstStride, Scale: tile}, dst)
	asm.ADDQ(Imm(4*tile), src)
	asm.SUBQ(Imm(tile), columns)
	asm.JNZ(LabelRef("columns"))
	asm.VZEROUPPER()
	asm.RET()
}
