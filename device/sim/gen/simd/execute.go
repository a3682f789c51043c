package simd

import (
	"fmt"
	"io"
	"strings"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// op2 is an instruction of two operands and a result.
type op2 = func(a, b, d Op)

// operation computes the lanes of one vector: eight of 32 bits or four of 64.
type operation func(d reg.VecVirtual, s []Mem)

// executions writes the functions that execute an instruction for a warp.
func (asm *assembler) executions(names io.Writer) {
	fmt.Fprintln(names, "var simdExec = map[string]execFunc{")
	var stubs strings.Builder
	for _, e := range []struct {
		names, classes string
		op             operation
	}{
		{"add.s32 add.u32", "rrr", asm.two(variadic(asm.VPADDD))},
		{"sub.s32 sub.u32", "rrr", asm.two(variadic(asm.VPSUBD))},
		{"and.b32", "rrr", asm.two(asm.VPAND)},
		{"or.b32", "rrr", asm.two(asm.VPOR)},
		{"xor.b32", "rrr", asm.two(asm.VPXOR)},
		{"min.s32", "rrr", asm.two(variadic(asm.VPMINSD))},
		{"max.s32", "rrr", asm.two(variadic(asm.VPMAXSD))},
		{"min.u32", "rrr", asm.two(variadic(asm.VPMINUD))},
		{"max.u32", "rrr", asm.two(variadic(asm.VPMAXUD))},
		{"shl.b32", "rrr", asm.two(variadic(asm.VPSLLVD))},
		{"shr.u32 shr.b32", "rrr", asm.two(variadic(asm.VPSRLVD))},
		{"shr.s32", "rrr", asm.two(variadic(asm.VPSRAVD))},
		{"mul.lo.s32 mul.lo.u32", "rrr", asm.two(variadic(asm.VPMULLD))},
		{"mad.lo.s32 mad.lo.u32", "rrrr", func(d reg.VecVirtual, s []Mem) {
			asm.VMOVDQU(s[0], d)
			asm.VPMULLD(s[1], d, d)
			asm.VPADDD(s[2], d, d)
		}},
		{"mov.b32 mov.u32 mov.s32 mov.f32", "rr", func(d reg.VecVirtual, s []Mem) { asm.VMOVDQU(s[0], d) }},
		{"mov.b64 mov.u64 mov.s64 mov.f64", "qq", func(d reg.VecVirtual, s []Mem) { asm.VMOVDQU(s[0], d) }},
		{"add.s64 add.u64", "qqq", asm.two(variadic(asm.VPADDQ))},
		{"sub.s64 sub.u64", "qqq", asm.two(variadic(asm.VPSUBQ))},
		{"cvt.s64.s32 cvt.u64.s32", "qr", func(d reg.VecVirtual, s []Mem) { asm.VPMOVSXDQ(s[0], d) }},
		{"cvt.s64.u32 cvt.u64.u32", "qr", func(d reg.VecVirtual, s []Mem) { asm.VPMOVZXDQ(s[0], d) }},
		{"mul.wide.s32", "qrr", func(d reg.VecVirtual, s []Mem) {
			t := asm.YMM()
			asm.VPMOVSXDQ(s[0], d)
			asm.VPMOVSXDQ(s[1], t)
			asm.VPMULDQ(t, d, d)
		}},
		{"mul.wide.u32", "qrr", func(d reg.VecVirtual, s []Mem) {
			t := asm.YMM()
			asm.VPMOVZXDQ(s[0], d)
			asm.VPMOVZXDQ(s[1], t)
			asm.VPMULUDQ(t, d, d)
		}},
		{"cvt.rna.tf32.f32", "rr", asm.tf32Away},
		{"cvt.rn.f32.s32", "rr", func(d reg.VecVirtual, s []Mem) { asm.VCVTDQ2PS(s[0], d) }},
		{"add.f32 add.rn.f32", "rrr", asm.float(asm.two(variadic(asm.VADDPS)))},
		{"sub.f32 sub.rn.f32", "rrr", asm.float(asm.two(variadic(asm.VSUBPS)))},
		{"mul.f32 mul.rn.f32", "rrr", asm.float(asm.two(variadic(asm.VMULPS)))},
		{"fma.rn.f32 mad.rn.f32", "rrrr", asm.float(asm.multiplyAdd)},
		{"add.ftz.f32 add.rn.ftz.f32", "rrr", asm.flushed(variadic(asm.VADDPS))},
		{"sub.ftz.f32 sub.rn.ftz.f32", "rrr", asm.flushed(variadic(asm.VSUBPS))},
		{"mul.ftz.f32 mul.rn.ftz.f32", "rrr", asm.flushed(variadic(asm.VMULPS))},
		{"fma.rn.ftz.f32 mad.rn.ftz.f32", "rrrr", asm.flushedMultiplyAdd},
		{"max.f32", "rrr", asm.extreme(variadic(asm.VMAXPS), variadic(asm.VANDPS))},
		{"min.f32", "rrr", asm.extreme(variadic(asm.VMINPS), variadic(asm.VORPS))},
	} {
		all := strings.Fields(e.names)
		fn := "simd_" + strings.ReplaceAll(all[0], ".", "_")
		for _, name := range all {
			fmt.Fprintf(names, "%q: %s,\n", name, fn)
		}
		fmt.Fprintf(&stubs, "//go:noescape\nfunc %s(w *warp, in *inst, m uint32)\n\n", fn)
		asm.execution(fn, e.classes, e.op)
	}
	fmt.Fprintf(names, "}\n\n%s", stubs.String())
}

// execution writes one function: all lanes, then again with a mask.
func (asm *assembler) execution(fn, classes string, op operation) {
	asm.function(fn, "func(w, in uintptr, m uint32)")
	w, in := asm.Load(asm.Param("w"), asm.GP64()), asm.Load(asm.Param("in"), asm.GP64())
	m := asm.Load(asm.Param("m"), asm.GP32())
	var place []reg.GPVirtual
	for i, c := range classes {
		p := asm.GP64()
		asm.MOVLQSX(Mem{Base: in, Disp: []int{instD, instA, instB, instC}[i]}, p)
		if c == 'q' {
			asm.SHLQ(Imm(8), p)
			asm.ADDQ(Mem{Base: w, Disp: warpQ}, p)
		} else {
			asm.SHLQ(Imm(7), p)
			asm.ADDQ(Mem{Base: w, Disp: warpR}, p)
		}
		place = append(place, p)
	}
	wide := classes[0] == 'q'
	block := func(k int) (reg.VecVirtual, Mem) {
		bytes := map[byte]int{'r': 32, 'q': 32}
		if wide {
			bytes['r'] = 16
		}
		var s []Mem
		for i := 1; i < len(classes); i++ {
			s = append(s, Mem{Base: place[i], Disp: k * bytes[classes[i]]})
		}
		d := asm.YMM()
		op(d, s)
		return d, Mem{Base: place[0], Disp: 32 * k}
	}
	blocks := 4
	if wide {
		blocks = 8
	}
	asm.CMPL(m, I32(-1))
	asm.JNE(LabelRef("masked"))
	for k := range blocks {
		d, to := block(k)
		asm.VMOVDQU(d, to)
	}
	asm.VZEROUPPER()
	asm.RET()
	asm.Label("masked")
	spread := asm.spreadMask(m)
	for k := range blocks {
		d, to := block(k)
		old := asm.YMM()
		asm.VMOVDQU(to, old)
		if wide {
			half := asm.expand(spread, k/2)
			lanes := asm.YMM()
			if k%2 == 1 {
				asm.VEXTRACTI128(Imm(1), half, half.AsX())
			}
			asm.VPMOVSXDQ(half.AsX(), lanes)
			asm.VPBLENDVB(lanes, d, old, old)
		} else {
			asm.VPBLENDVB(asm.expand(spread, k), d, old, old)
		}
		asm.VMOVDQU(old, to)
	}
	asm.VZEROUPPER()
	asm.RET()
}

// variadic makes an op2 of an instruction that also has AVX-512 forms.
func variadic(f func(ops ...Op)) op2 { return func(a, b, d Op) { f(a, b, d) } }

func (asm *assembler) two(f op2) operation {
	return func(d reg.VecVirtual, s []Mem) {
		asm.VMOVDQU(s[0], d)
		f(s[1], d, d)
	}
}

// float makes NaN results canonical.
func (asm *assembler) float(f operation) operation {
	return func(d reg.VecVirtual, s []Mem) {
		f(d, s)
		asm.canonical(d)
	}
}

func (asm *assembler) canonical(d reg.VecVirtual) {
	nan := asm.YMM()
	asm.VCMPPS(Imm(3), d, d, nan)
	asm.VBLENDVPS(nan, asm.constant(0x7fffffff), d, d)
}

func (asm *assembler) multiplyAdd(d reg.VecVirtual, s []Mem) {
	t := asm.YMM()
	asm.VMOVDQU(s[2], d)
	asm.VMOVDQU(s[0], t)
	asm.VFMADD231PS(s[1], t, d)
}

// flush makes subnormal numbers zeros of their sign.
func (asm *assembler) flush(d reg.VecVirtual) {
	t, zero := asm.YMM(), asm.YMM()
	asm.VPXOR(zero, zero, zero)
	asm.VPAND(asm.constant(0x7f800000), d, t)
	asm.VPCMPEQD(zero, t, t)
	asm.VPAND(asm.constant(0x7fffffff), t, t)
	asm.VPANDN(d, t, d)
}

func (asm *assembler) flushed(f op2) operation {
	return func(d reg.VecVirtual, s []Mem) {
		t := asm.YMM()
		asm.VMOVDQU(s[0], d)
		asm.VMOVDQU(s[1], t)
		asm.flush(d)
		asm.flush(t)
		f(t, d, d)
		asm.flush(d)
		asm.canonical(d)
	}
}

func (asm *assembler) flushedMultiplyAdd(d reg.VecVirtual, s []Mem) {
	a, b := asm.YMM(), asm.YMM()
	asm.VMOVDQU(s[0], a)
	asm.VMOVDQU(s[1], b)
	asm.VMOVDQU(s[2], d)
	asm.flush(a)
	asm.flush(b)
	asm.flush(d)
	asm.VFMADD231PS(b, a, d)
	asm.flush(d)
	asm.canonical(d)
}

// tf32Away rounds to a fraction of 10 bits, ties away from zero. Infinities stay.
func (asm *assembler) tf32Away(d reg.VecVirtual, s []Mem) {
	t := asm.YMM()
	asm.VMOVDQU(s[0], d)
	asm.VPAND(asm.constant(0x7f800000), d, t)
	asm.VPCMPEQD(asm.constant(0x7f800000), t, t)
	rounded := asm.YMM()
	asm.VPADDD(asm.constant(0x1000), d, rounded)
	asm.VPAND(asm.constant(0xffffe000), rounded, rounded)
	asm.VPBLENDVB(t, d, rounded, d)
	asm.canonical(d)
}

// extreme is the larger or the smaller number: a NaN loses, and of two zeros the sign decides, by join.
func (asm *assembler) extreme(f, join op2) operation {
	return func(d reg.VecVirtual, s []Mem) {
		a, b, t := asm.YMM(), asm.YMM(), asm.YMM()
		asm.VMOVDQU(s[0], a)
		asm.VMOVDQU(s[1], b)
		f(a, b, d)
		f(b, a, t)
		join(t, d, d)
		asm.VCMPPS(Imm(3), a, a, t)
		asm.VBLENDVPS(t, b, d, d)
		asm.VCMPPS(Imm(3), b, b, t)
		asm.VBLENDVPS(t, a, d, d)
		asm.canonical(d)
	}
}
