// Command tilegen writes the assembly of the inner kernel; see tile in package kernels.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	rows    = 6
	vectors = 2 // of eight columns

	// Where the fields of tile lie; a test in package kernels holds these against the struct.
	a            = 0
	b            = 24
	initial      = 48
	c            = 72
	segments     = 96
	segmentCount = 104
	steps        = 120
	aStep        = 128
	bStep        = 136
	rowOffsets   = 144
	initOffsets  = 192
	cOffsets     = 240
)

func main() {
	Package("cnn-gpu/kernels")

	Implement("tileAVX2")
	t := Load(Param("t"), GP64())
	field := func(offset int) Mem { return Mem{Base: t, Disp: offset} }

	var sums [rows][vectors]reg.VecVirtual
	base, at := GP64(), GP64()
	MOVQ(field(initial), base)
	for i := range rows {
		MOVQ(field(initOffsets+8*i), at)
		for j := range vectors {
			sums[i][j] = YMM()
			VMOVUPS(Mem{Base: base, Index: at, Scale: 4, Disp: 32 * j}, sums[i][j])
		}
	}

	var row [rows]reg.GPVirtual
	for i := range rows {
		row[i] = GP64()
		MOVQ(field(rowOffsets+8*i), row[i])
	}
	aBytes, bBytes := GP64(), GP64()
	MOVQ(field(aStep), aBytes)
	SHLQ(Imm(2), aBytes)
	MOVQ(field(bStep), bBytes)
	SHLQ(Imm(2), bBytes)

	segment, left := GP64(), GP64()
	MOVQ(field(segments), segment)
	MOVQ(field(segmentCount), left)
	TESTQ(left, left)
	JZ(LabelRef("store"))

	Label("segment")
	pa, pb, n := GP64(), GP64(), GP64()
	MOVQ(field(a), pa)
	MOVQ(Mem{Base: segment}, n)
	LEAQ(Mem{Base: pa, Index: n, Scale: 4}, pa)
	MOVQ(field(b), pb)
	MOVQ(Mem{Base: segment, Disp: 8}, n)
	LEAQ(Mem{Base: pb, Index: n, Scale: 4}, pb)
	ADDQ(Imm(16), segment)
	MOVQ(field(steps), n)

	Label("step")
	var column [vectors]reg.VecVirtual
	for j := range vectors {
		column[j] = YMM()
		VMOVUPS(Mem{Base: pb, Disp: 32 * j}, column[j])
	}
	for i := range rows {
		value := YMM()
		VBROADCASTSS(Mem{Base: pa, Index: row[i], Scale: 4}, value)
		for j := range vectors {
			VFMADD231PS(column[j], value, sums[i][j])
		}
	}
	ADDQ(aBytes, pa)
	ADDQ(bBytes, pb)
	DECQ(n)
	JNZ(LabelRef("step"))
	DECQ(left)
	JNZ(LabelRef("segment"))

	Label("store")
	MOVQ(field(c), base)
	for i := range rows {
		MOVQ(field(cOffsets+8*i), at)
		for j := range vectors {
			VMOVUPS(sums[i][j], Mem{Base: base, Index: at, Scale: 4, Disp: 32 * j})
		}
	}
	VZEROUPPER()
	RET()
	Generate()
}
