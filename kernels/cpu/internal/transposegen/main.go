// Command transposegen writes the assembly of the transposition of matrices; see transpose in package cpu.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tile is the number of rows and columns that are transposed in registers.
const tile = 8

// prefetch is the distance in bytes at which rows, which may be far apart, are brought into the cache.
const prefetch = 512

func main() {
	Package("cnn-gpu/kernels/cpu")
	Implement("transposeAVX2")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	dstStride, srcStride := Load(Param("dstStride"), GP64()), Load(Param("srcStride"), GP64())
	rows, columns := Load(Param("rows"), GP64()), Load(Param("columns"), GP64())
	SHLQ(Imm(2), dstStride)
	SHLQ(Imm(2), srcStride)
	dstStride3, srcStride3 := GP64(), GP64()
	LEAQ(Mem{Base: dstStride, Index: dstStride, Scale: 2}, dstStride3)
	LEAQ(Mem{Base: srcStride, Index: srcStride, Scale: 2}, srcStride3)
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

	Label("columns")
	to, from, left := GP64(), GP64(), GP64()
	MOVQ(dst, to)
	MOVQ(src, from)
	MOVQ(rows, left)

	Label("rows")
	lower := GP64()
	LEAQ(Mem{Base: from, Index: srcStride, Scale: 4}, lower)
	for i := range 4 {
		PREFETCHT0(row(from, srcStride, srcStride3, i).Offset(prefetch))
		PREFETCHT0(row(lower, srcStride, srcStride3, i).Offset(prefetch))
	}
	// halves[h][i] are the values of columns 4h to 4h+3 in row i, and beside them those in row i+4.
	var halves [2][4]reg.VecVirtual
	for h := range halves {
		for i := range halves[h] {
			halves[h][i] = YMM()
			VMOVUPS(row(from, srcStride, srcStride3, i).Offset(16*h), halves[h][i].AsX())
			VINSERTF128(Imm(1), row(lower, srcStride, srcStride3, i).Offset(16*h), halves[h][i], halves[h][i])
		}
	}
	below := GP64()
	MOVQ(to, below)
	for _, r := range halves {
		low01, high01, low23, high23 := YMM(), YMM(), YMM(), YMM()
		VUNPCKLPS(r[1], r[0], low01)
		VUNPCKHPS(r[1], r[0], high01)
		VUNPCKLPS(r[3], r[2], low23)
		VUNPCKHPS(r[3], r[2], high23)
		for i := range 4 {
			pair01, pair23 := low01, low23
			if i >= 2 {
				pair01, pair23 = high01, high23
			}
			column := YMM()
			if i%2 == 0 {
				VUNPCKLPD(pair23, pair01, column)
			} else {
				VUNPCKHPD(pair23, pair01, column)
			}
			VMOVUPS(column, row(below, dstStride, dstStride3, i))
		}
		LEAQ(Mem{Base: below, Index: dstStride, Scale: 4}, below)
	}
	ADDQ(Imm(4*tile), to)
	LEAQ(Mem{Base: from, Index: srcStride, Scale: tile}, from)
	SUBQ(Imm(tile), left)
	JNZ(LabelRef("rows"))

	LEAQ(Mem{Base: dst, Index: dstStride, Scale: tile}, dst)
	ADDQ(Imm(4*tile), src)
	SUBQ(Imm(tile), columns)
	JNZ(LabelRef("columns"))
	VZEROUPPER()
	RET()
	Generate()
}
