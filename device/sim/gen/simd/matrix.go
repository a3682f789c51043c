package simd

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// matrix writes what mma needs: the fragments as matrices of float64, their product, and the result as fragments. Four lanes
// hold a row of a register of A or a column of one of B, so that these are 16 neighbouring bytes.
func (asm *assembler) matrix() {
	asm.fragments("rowsBF16AVX2", asm.bf16, true)
	asm.fragments("columnsBF16AVX2", asm.bf16, false)
	asm.fragments("rowsF16AVX2", asm.f16, true)
	asm.fragments("columnsF16AVX2", asm.f16, false)
	asm.fragments("rowsTF32AVX2", asm.tf32, true)
	asm.fragments("columnsTF32AVX2", asm.tf32, false)
	asm.sums()
	asm.results()
}

// bf16, f16 and tf32 give the 16 bytes at p as vectors of four doubles.
func (asm *assembler) bf16(p Mem) []reg.VecVirtual {
	y := asm.YMM()
	asm.VPMOVZXWD(p, y)
	asm.VPSLLD(Imm(16), y, y)
	return asm.doubles(y)
}

// f16 moves exponent and fraction to their places in a float32, multiplies to correct the bias, which takes care of subnormal numbers too,
// and mends the exponent of infinities and NaNs. Not all with AVX2 have the instruction that converts.
func (asm *assembler) f16(p Mem) []reg.VecVirtual {
	y, sign, special := asm.YMM(), asm.YMM(), asm.YMM()
	asm.VPMOVZXWD(p, y)
	asm.VPSRLD(Imm(15), y, sign)
	asm.VPSLLD(Imm(31), sign, sign)
	asm.VPSLLD(Imm(17), y, y)
	asm.VPSRLD(Imm(4), y, y)
	asm.VPCMPGTD(asm.constant(0x0f7fffff), y, special)
	asm.VPAND(asm.constant(0x7f800000), special, special)
	asm.VMULPS(asm.constant(0x77800000), y, y)
	asm.VPOR(special, y, y)
	asm.VPOR(sign, y, y)
	return asm.doubles(y)
}

func (asm *assembler) doubles(y reg.VecVirtual) []reg.VecVirtual {
	low, high, x := asm.YMM(), asm.YMM(), asm.XMM()
	asm.VCVTPS2PD(y.AsX(), low)
	asm.VEXTRACTF128(Imm(1), y, x)
	asm.VCVTPS2PD(x, high)
	return []reg.VecVirtual{low, high}
}

func (asm *assembler) tf32(p Mem) []reg.VecVirtual {
	x, y := asm.XMM(), asm.YMM()
	asm.VMOVDQU(p, x)
	asm.VPAND(asm.constant(^uint32(0x1fff)).Offset(0), x, x)
	asm.VCVTPS2PD(x, y)
	return []reg.VecVirtual{y}
}

// fragments writes a register of A as eight rows of 128 bytes, or one of B as eight columns of a matrix with rows of 64 bytes.
func (asm *assembler) fragments(name string, doubles func(Mem) []reg.VecVirtual, rows bool) {
	asm.function(name, "func(to, r uintptr)")
	to, r := asm.Load(asm.Param("to"), asm.GP64()), asm.Load(asm.Param("r"), asm.GP64())
	for g := range 8 {
		for k, y := range doubles(Mem{Base: r, Disp: 16 * g}) {
			if rows {
				asm.VMOVUPD(y, Mem{Base: to, Disp: 128*g + 32*k})
				continue
			}
			x := asm.XMM()
			asm.VEXTRACTF128(Imm(1), y, x)
			at := func(row int) Mem { return Mem{Base: to, Disp: 64*(4*k+row) + 8*g} }
			asm.VMOVLPD(y.AsX(), at(0))
			asm.VMOVHPD(y.AsX(), at(1))
			asm.VMOVLPD(x, at(2))
			asm.VMOVHPD(x, at(3))
		}
	}
	asm.VZEROUPPER()
	asm.RET()
}

// results writes two registers of D: those of C plus eight rows of sums, even columns in one and odd ones in the other.
func (asm *assembler) results() {
	asm.function("mmaResultsAVX2", "func(d0, d1, c0, c1, sum uintptr)")
	d := []reg.Register{asm.Load(asm.Param("d0"), asm.GP64()), asm.Load(asm.Param("d1"), asm.GP64())}
	c := []reg.Register{asm.Load(asm.Param("c0"), asm.GP64()), asm.Load(asm.Param("c1"), asm.GP64())}
	sum := asm.Load(asm.Param("sum"), asm.GP64())
	nan := asm.XMM()
	asm.VMOVDQU(asm.constant(0x7fffffff), nan)
	for g := range 8 {
		left, right := asm.YMM(), asm.YMM()
		asm.VMOVUPD(Mem{Base: sum, Disp: 64 * g}, left)
		asm.VMOVUPD(Mem{Base: sum, Disp: 64*g + 32}, right)
		var out [2]reg.VecVirtual
		for i := range out {
			s, t, x := asm.YMM(), asm.YMM(), asm.XMM()
			asm.VSHUFPD(Imm([]uint64{0, 15}[i]), right, left, s)
			asm.VPERMPD(Imm(0xd8), s, s)
			asm.VCVTPS2PD(Mem{Base: c[i], Disp: 16 * g}, t)
			asm.VADDPD(t, s, s)
			asm.VCVTPD2PSY(s, x)
			unordered := asm.XMM()
			asm.VCMPPS(Imm(3), x, x, unordered)
			asm.VBLENDVPS(unordered, nan, x, x)
			out[i] = x
		}
		for i, x := range out { // both were read before one is written: D may be C
			asm.VMOVDQU(x, Mem{Base: d[i], Disp: 16 * g})
		}
	}
	asm.VZEROUPPER()
	asm.RET()
}

// sums writes the products of mma: sum = a*b for 16 x k by k x 8 in double precision. The products are exact, so that the fused addition
// gives the same bits.
func (asm *assembler) sums() {
	asm.function("mmaSumsAVX2", "func(sum, a, b uintptr, k uint64)")
	sum, a, b := asm.Load(asm.Param("sum"), asm.GP64()), asm.Load(asm.Param("a"), asm.GP64()), asm.Load(asm.Param("b"), asm.GP64())
	k := asm.Load(asm.Param("k"), asm.GP64())
	rows := asm.GP64()
	asm.MOVQ(U32(4), rows)
	asm.Label("rows")
	var s [8]reg.VecVirtual
	for i := range s {
		s[i] = asm.YMM()
		asm.VXORPD(s[i], s[i], s[i])
	}
	n, p, q := asm.GP64(), asm.GP64(), asm.GP64()
	asm.MOVQ(k, n)
	asm.MOVQ(a, p)
	asm.MOVQ(b, q)
	asm.Label("products")
	left, right := asm.YMM(), asm.YMM()
	asm.VMOVUPD(Mem{Base: q}, left)
	asm.VMOVUPD(Mem{Base: q, Disp: 32}, right)
	for i := range 4 {
		v := asm.YMM()
		asm.VBROADCASTSD(Mem{Base: p, Disp: 128 * i}, v)
		asm.VFMADD231PD(left, v, s[2*i])
		asm.VFMADD231PD(right, v, s[2*i+1])
	}
	asm.ADDQ(Imm(64), q)
	asm.ADDQ(Imm(8), p)
	asm.DECQ(n)
	asm.JNZ(LabelRef("products"))
	for i := range s {
		asm.VMOVUPD(s[i], Mem{Base: sum, Disp: 32 * i})
	}
	asm.ADDQ(U32(256), sum)
	asm.ADDQ(U32(512), a)
	asm.DECQ(rows)
	asm.JNZ(LabelRef("rows"))
	asm.VZEROUPPER()
	asm.RET()
}
