package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// matrix writes what mma needs: the fragments as matrices of float64, their product, and the result as fragments. Four lanes
// hold a row of a register of A or a column of one of B, so that these are 16 neighbouring bytes.
func matrix() {
	fragments("rowsBF16AVX2", bf16, true)
	fragments("columnsBF16AVX2", bf16, false)
	fragments("rowsTF32AVX2", tf32, true)
	fragments("columnsTF32AVX2", tf32, false)
	sums()
	results()
}

// bf16 and tf32 give the 16 bytes at p as vectors of four doubles.
func bf16(p Mem) []reg.VecVirtual {
	y, low, high := YMM(), YMM(), YMM()
	VPMOVZXWD(p, y)
	VPSLLD(Imm(16), y, y)
	VCVTPS2PD(y.AsX(), low)
	x := XMM()
	VEXTRACTF128(Imm(1), y, x)
	VCVTPS2PD(x, high)
	return []reg.VecVirtual{low, high}
}

func tf32(p Mem) []reg.VecVirtual {
	x, y := XMM(), YMM()
	VMOVDQU(p, x)
	VPAND(constant(^uint32(0x1fff)).Offset(0), x, x)
	VCVTPS2PD(x, y)
	return []reg.VecVirtual{y}
}

// fragments writes a register of A as eight rows of 128 bytes, or one of B as eight columns of a matrix with rows of 64 bytes.
func fragments(name string, doubles func(Mem) []reg.VecVirtual, rows bool) {
	TEXT(name, NOSPLIT, "func(to, r uintptr)")
	to, r := Load(Param("to"), GP64()), Load(Param("r"), GP64())
	for g := range 8 {
		for k, y := range doubles(Mem{Base: r, Disp: 16 * g}) {
			if rows {
				VMOVUPD(y, Mem{Base: to, Disp: 128*g + 32*k})
				continue
			}
			x := XMM()
			VEXTRACTF128(Imm(1), y, x)
			at := func(row int) Mem { return Mem{Base: to, Disp: 64*(4*k+row) + 8*g} }
			VMOVLPD(y.AsX(), at(0))
			VMOVHPD(y.AsX(), at(1))
			VMOVLPD(x, at(2))
			VMOVHPD(x, at(3))
		}
	}
	VZEROUPPER()
	RET()
}

// results writes two registers of D: those of C plus eight rows of sums, even columns in one and odd ones in the other.
func results() {
	TEXT("mmaResultsAVX2", NOSPLIT, "func(d0, d1, c0, c1, sum uintptr)")
	d := []reg.Register{Load(Param("d0"), GP64()), Load(Param("d1"), GP64())}
	c := []reg.Register{Load(Param("c0"), GP64()), Load(Param("c1"), GP64())}
	sum := Load(Param("sum"), GP64())
	nan := XMM()
	VMOVDQU(constant(0x7fffffff), nan)
	for g := range 8 {
		left, right := YMM(), YMM()
		VMOVUPD(Mem{Base: sum, Disp: 64 * g}, left)
		VMOVUPD(Mem{Base: sum, Disp: 64*g + 32}, right)
		var out [2]reg.VecVirtual
		for i := range out {
			s, t, x := YMM(), YMM(), XMM()
			VSHUFPD(Imm([]uint64{0, 15}[i]), right, left, s)
			VPERMPD(Imm(0xd8), s, s)
			VCVTPS2PD(Mem{Base: c[i], Disp: 16 * g}, t)
			VADDPD(t, s, s)
			VCVTPD2PSY(s, x)
			unordered := XMM()
			VCMPPS(Imm(3), x, x, unordered)
			VBLENDVPS(unordered, nan, x, x)
			out[i] = x
		}
		for i, x := range out { // both were read before one is written: D may be C
			VMOVDQU(x, Mem{Base: d[i], Disp: 16 * g})
		}
	}
	VZEROUPPER()
	RET()
}

// sums writes the products of mma: sum = a*b for 16 x k by k x 8 in double precision. The products are exact, so that the fused addition
// gives the same bits.
func sums() {
	TEXT("mmaSumsAVX2", NOSPLIT, "func(sum, a, b uintptr, k uint64)")
	sum, a, b := Load(Param("sum"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64())
	k := Load(Param("k"), GP64())
	rows := GP64()
	MOVQ(U32(4), rows)
	Label("rows")
	var s [8]reg.VecVirtual
	for i := range s {
		s[i] = YMM()
		VXORPD(s[i], s[i], s[i])
	}
	n, p, q := GP64(), GP64(), GP64()
	MOVQ(k, n)
	MOVQ(a, p)
	MOVQ(b, q)
	Label("products")
	left, right := YMM(), YMM()
	VMOVUPD(Mem{Base: q}, left)
	VMOVUPD(Mem{Base: q, Disp: 32}, right)
	for i := range 4 {
		v := YMM()
		VBROADCASTSD(Mem{Base: p, Disp: 128 * i}, v)
		VFMADD231PD(left, v, s[2*i])
		VFMADD231PD(right, v, s[2*i+1])
	}
	ADDQ(Imm(64), q)
	ADDQ(Imm(8), p)
	DECQ(n)
	JNZ(LabelRef("products"))
	for i := range s {
		VMOVUPD(s[i], Mem{Base: sum, Disp: 32 * i})
	}
	ADDQ(U32(256), sum)
	ADDQ(U32(512), a)
	DECQ(rows)
	JNZ(LabelRef("rows"))
	VZEROUPPER()
	RET()
}
