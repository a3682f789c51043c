package main

import (
	"fmt"
	"io"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// op2 is an instruction of two operands and a result.
type op2 = func(a, b, d Op)

// operation computes the lanes of one vector: eight of 32 bits or four of 64.
type operation func(d reg.VecVirtual, s []Mem)

// executions writes the functions that execute an instruction for a warp.
func executions(names io.Writer) {
	fmt.Fprintln(names, "var simdExec = map[string]execFunc{")
	var stubs strings.Builder
	for _, e := range []struct {
		names, classes string
		op             operation
	}{
		{"add.s32 add.u32", "rrr", two(variadic(VPADDD))},
		{"sub.s32 sub.u32", "rrr", two(variadic(VPSUBD))},
		{"and.b32", "rrr", two(VPAND)},
		{"or.b32", "rrr", two(VPOR)},
		{"xor.b32", "rrr", two(VPXOR)},
		{"min.s32", "rrr", two(variadic(VPMINSD))},
		{"max.s32", "rrr", two(variadic(VPMAXSD))},
		{"min.u32", "rrr", two(variadic(VPMINUD))},
		{"max.u32", "rrr", two(variadic(VPMAXUD))},
		{"shl.b32", "rrr", two(variadic(VPSLLVD))},
		{"shr.u32 shr.b32", "rrr", two(variadic(VPSRLVD))},
		{"shr.s32", "rrr", two(variadic(VPSRAVD))},
		{"mul.lo.s32 mul.lo.u32", "rrr", two(variadic(VPMULLD))},
		{"mad.lo.s32 mad.lo.u32", "rrrr", func(d reg.VecVirtual, s []Mem) {
			VMOVDQU(s[0], d)
			VPMULLD(s[1], d, d)
			VPADDD(s[2], d, d)
		}},
		{"mov.b32 mov.u32 mov.s32 mov.f32", "rr", func(d reg.VecVirtual, s []Mem) { VMOVDQU(s[0], d) }},
		{"mov.b64 mov.u64 mov.s64 mov.f64", "qq", func(d reg.VecVirtual, s []Mem) { VMOVDQU(s[0], d) }},
		{"add.s64 add.u64", "qqq", two(variadic(VPADDQ))},
		{"sub.s64 sub.u64", "qqq", two(variadic(VPSUBQ))},
		{"cvt.s64.s32 cvt.u64.s32", "qr", func(d reg.VecVirtual, s []Mem) { VPMOVSXDQ(s[0], d) }},
		{"cvt.s64.u32 cvt.u64.u32", "qr", func(d reg.VecVirtual, s []Mem) { VPMOVZXDQ(s[0], d) }},
		{"mul.wide.s32", "qrr", func(d reg.VecVirtual, s []Mem) {
			t := YMM()
			VPMOVSXDQ(s[0], d)
			VPMOVSXDQ(s[1], t)
			VPMULDQ(t, d, d)
		}},
		{"mul.wide.u32", "qrr", func(d reg.VecVirtual, s []Mem) {
			t := YMM()
			VPMOVZXDQ(s[0], d)
			VPMOVZXDQ(s[1], t)
			VPMULUDQ(t, d, d)
		}},
		{"cvt.rn.f32.s32", "rr", func(d reg.VecVirtual, s []Mem) { VCVTDQ2PS(s[0], d) }},
		{"add.f32 add.rn.f32", "rrr", float(two(variadic(VADDPS)))},
		{"sub.f32 sub.rn.f32", "rrr", float(two(variadic(VSUBPS)))},
		{"mul.f32 mul.rn.f32", "rrr", float(two(variadic(VMULPS)))},
		{"fma.rn.f32 mad.rn.f32", "rrrr", float(multiplyAdd)},
		{"add.ftz.f32 add.rn.ftz.f32", "rrr", flushed(variadic(VADDPS))},
		{"sub.ftz.f32 sub.rn.ftz.f32", "rrr", flushed(variadic(VSUBPS))},
		{"mul.ftz.f32 mul.rn.ftz.f32", "rrr", flushed(variadic(VMULPS))},
		{"fma.rn.ftz.f32 mad.rn.ftz.f32", "rrrr", flushedMultiplyAdd},
		{"max.f32", "rrr", extreme(variadic(VMAXPS), variadic(VANDPS))},
		{"min.f32", "rrr", extreme(variadic(VMINPS), variadic(VORPS))},
	} {
		all := strings.Fields(e.names)
		fn := "simd_" + strings.ReplaceAll(all[0], ".", "_")
		for _, name := range all {
			fmt.Fprintf(names, "%q: %s,\n", name, fn)
		}
		fmt.Fprintf(&stubs, "//go:noescape\nfunc %s(w *warp, in *inst, m uint32)\n\n", fn)
		execution(fn, e.classes, e.op)
	}
	fmt.Fprintf(names, "}\n\n%s", stubs.String())
}

// execution writes one function: all lanes, then again with a mask.
func execution(fn, classes string, op operation) {
	TEXT(fn, NOSPLIT, "func(w, in uintptr, m uint32)")
	w, in := Load(Param("w"), GP64()), Load(Param("in"), GP64())
	m := Load(Param("m"), GP32())
	var place []reg.GPVirtual
	for i, c := range classes {
		p := GP64()
		MOVLQSX(Mem{Base: in, Disp: []int{instD, instA, instB, instC}[i]}, p)
		if c == 'q' {
			SHLQ(Imm(8), p)
			ADDQ(Mem{Base: w, Disp: warpQ}, p)
		} else {
			SHLQ(Imm(7), p)
			ADDQ(Mem{Base: w, Disp: warpR}, p)
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
		d := YMM()
		op(d, s)
		return d, Mem{Base: place[0], Disp: 32 * k}
	}
	blocks := 4
	if wide {
		blocks = 8
	}
	CMPL(m, I32(-1))
	JNE(LabelRef("masked"))
	for k := range blocks {
		d, to := block(k)
		VMOVDQU(d, to)
	}
	VZEROUPPER()
	RET()
	Label("masked")
	spread := spreadMask(m)
	for k := range blocks {
		d, to := block(k)
		old := YMM()
		VMOVDQU(to, old)
		if wide {
			half := expand(spread, k/2)
			lanes := YMM()
			if k%2 == 1 {
				VEXTRACTI128(Imm(1), half, half.AsX())
			}
			VPMOVSXDQ(half.AsX(), lanes)
			VPBLENDVB(lanes, d, old, old)
		} else {
			VPBLENDVB(expand(spread, k), d, old, old)
		}
		VMOVDQU(old, to)
	}
	VZEROUPPER()
	RET()
}

// variadic makes an op2 of an instruction that also has AVX-512 forms.
func variadic(f func(ops ...Op)) op2 { return func(a, b, d Op) { f(a, b, d) } }

func two(f op2) operation {
	return func(d reg.VecVirtual, s []Mem) {
		VMOVDQU(s[0], d)
		f(s[1], d, d)
	}
}

// float makes NaN results canonical.
func float(f operation) operation {
	return func(d reg.VecVirtual, s []Mem) {
		f(d, s)
		canonical(d)
	}
}

func canonical(d reg.VecVirtual) {
	nan := YMM()
	VCMPPS(Imm(3), d, d, nan)
	VBLENDVPS(nan, constant(0x7fffffff), d, d)
}

func multiplyAdd(d reg.VecVirtual, s []Mem) {
	t := YMM()
	VMOVDQU(s[2], d)
	VMOVDQU(s[0], t)
	VFMADD231PS(s[1], t, d)
}

// flush makes subnormal numbers zeros of their sign.
func flush(d reg.VecVirtual) {
	t, zero := YMM(), YMM()
	VPXOR(zero, zero, zero)
	VPAND(constant(0x7f800000), d, t)
	VPCMPEQD(zero, t, t)
	VPAND(constant(0x7fffffff), t, t)
	VPANDN(d, t, d)
}

func flushed(f op2) operation {
	return func(d reg.VecVirtual, s []Mem) {
		t := YMM()
		VMOVDQU(s[0], d)
		VMOVDQU(s[1], t)
		flush(d)
		flush(t)
		f(t, d, d)
		flush(d)
		canonical(d)
	}
}

func flushedMultiplyAdd(d reg.VecVirtual, s []Mem) {
	a, b := YMM(), YMM()
	VMOVDQU(s[0], a)
	VMOVDQU(s[1], b)
	VMOVDQU(s[2], d)
	flush(a)
	flush(b)
	flush(d)
	VFMADD231PS(b, a, d)
	flush(d)
	canonical(d)
}

// extreme is the larger or the smaller number: a NaN loses, and of two zeros the sign decides, by join.
func extreme(f, join op2) operation {
	return func(d reg.VecVirtual, s []Mem) {
		a, b, t := YMM(), YMM(), YMM()
		VMOVDQU(s[0], a)
		VMOVDQU(s[1], b)
		f(a, b, d)
		f(b, a, t)
		join(t, d, d)
		VCMPPS(Imm(3), a, a, t)
		VBLENDVPS(t, b, d, d)
		VCMPPS(Imm(3), b, b, t)
		VBLENDVPS(t, a, d, d)
		canonical(d)
	}
}
