package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of span.
const (
	spanLow, spanHigh, spanDiffer, spanRegions = 0, 4, 8, 12
)

// addresses writes offsets32 and offsets64: the offsets of the lanes, of the idle ones that of the first, and what the fast paths want to
// know about them.
func addresses() {
	offsets("offsets32AVX2", "func(off, base uintptr, add, first, m uint32, s uintptr)", false)
	offsets("offsets64AVX2", "func(off, base uintptr, add, first uint64, m uint32, s uintptr)", true)
}

func offsets(name, signature string, wide bool) {
	TEXT(name, NOSPLIT, signature)
	off, base := Load(Param("off"), GP64()), Load(Param("base"), GP64())
	m, s := Load(Param("m"), GP32()), Load(Param("s"), GP64())
	add, first, firstHigh := YMM(), YMM(), YMM()
	if wide {
		a, f := Load(Param("add"), GP64()), Load(Param("first"), GP64())
		x := XMM()
		VMOVQ(a, x)
		VPBROADCASTQ(x, add)
		y := XMM()
		VMOVQ(f, y)
		VPBROADCASTD(y, first)
		SHRQ(Imm(32), f)
		z := XMM()
		VMOVQ(f, z)
		VPBROADCASTD(z, firstHigh)
	} else {
		a, f := Load(Param("add"), GP32()), Load(Param("first"), GP32())
		x, y := XMM(), XMM()
		VMOVD(a, x)
		VPBROADCASTD(x, add)
		VMOVD(f, y)
		VPBROADCASTD(y, first)
	}
	spread := spreadMask(m)
	low, high, differ, regions := YMM(), YMM(), YMM(), YMM()
	for _, y := range []reg.VecVirtual{low, high, differ, regions} {
		VPXOR(y, y, y)
	}
	for k := range 4 {
		lanes := expand(spread, k)
		o := YMM()
		if wide {
			p, q, h := YMM(), YMM(), YMM()
			VPADDQ(Mem{Base: base, Disp: 64 * k}, add, p)
			VPADDQ(Mem{Base: base, Disp: 64*k + 32}, add, q)
			VSHUFPS(Imm(0x88), q, p, o)
			VPERMQ(Imm(0xd8), o, o)
			VSHUFPS(Imm(0xdd), q, p, h)
			VPERMQ(Imm(0xd8), h, h)
			VPXOR(firstHigh, h, h)
			VPAND(lanes, h, h)
			VPOR(h, regions, regions)
		} else {
			VPADDD(Mem{Base: base, Disp: 32 * k}, add, o)
		}
		VPBLENDVB(lanes, o, first, o)
		VMOVDQU(o, Mem{Base: off, Disp: 32 * k})
		VPOR(o, low, low)
		VPMAXUD(o, high, high)
		VPXOR(first, o, o)
		VPOR(o, differ, differ)
	}
	reduce(low, VPOR, Mem{Base: s, Disp: spanLow})
	reduce(high, variadic(VPMAXUD), Mem{Base: s, Disp: spanHigh})
	reduce(differ, VPOR, Mem{Base: s, Disp: spanDiffer})
	reduce(regions, VPOR, Mem{Base: s, Disp: spanRegions})
	VZEROUPPER()
	RET()
}

// reduce joins the eight lanes of a vector.
func reduce(y reg.VecVirtual, join op2, to Mem) {
	x, t := y.AsX(), XMM()
	VEXTRACTI128(Imm(1), y, t)
	join(t, x, t)
	u := XMM()
	VPSHUFD(Imm(0x4e), t, u)
	join(u, t, t)
	VPSHUFD(Imm(0xb1), t, u)
	join(u, t, t)
	VMOVD(t, to)
}

// memory writes the gathers.
func memory() {
	gatherLoad()
	gatherCompare("lanesUnlikeAVX2", "func(base, off uintptr, add uint32, shift uint64, x, y, m uint32) uint32", true)
	gatherCompare("lanesAtLeastAVX2", "func(base, off uintptr, add, limit, m uint32) uint32", false)
}

// gatherLoad writes load32: neighbouring words by plain loads, others by gathers.
func gatherLoad() {
	TEXT("load32AVX2", NOSPLIT, "func(dst, base, off uintptr, add, m uint32)")
	dst, base, off := Load(Param("dst"), GP64()), Load(Param("base"), GP64()), Load(Param("off"), GP64())
	add, m := Load(Param("add"), GP32()), Load(Param("m"), GP32())
	addWide := GP64()
	MOVL(add, addWide.As32())
	ADDQ(addWide, base)
	CMPL(m, I32(-1))
	JNE(LabelRef("masked"))

	first, x, unlike := YMM(), XMM(), YMM()
	VMOVD(Mem{Base: off}, x)
	VPBROADCASTD(x, first)
	VPXOR(unlike, unlike, unlike)
	for k := range 4 {
		t := YMM()
		VPADDD(vector4(k), first, t)
		VPXOR(Mem{Base: off, Disp: 32 * k}, t, t)
		VPOR(t, unlike, unlike)
	}
	VPTEST(unlike, unlike)
	JNE(LabelRef("scattered"))
	start := GP64()
	MOVL(Mem{Base: off}, start.As32())
	ADDQ(base, start)
	for k := range 4 {
		y := YMM()
		VMOVDQU(Mem{Base: start, Disp: 32 * k}, y)
		VMOVDQU(y, Mem{Base: dst, Disp: 32 * k})
	}
	VZEROUPPER()
	RET()

	Label("scattered")
	for k := range 4 {
		index, lanes, y := YMM(), YMM(), YMM()
		VMOVDQU(Mem{Base: off, Disp: 32 * k}, index)
		VPCMPEQD(lanes, lanes, lanes)
		VPXOR(y, y, y)
		VPGATHERDD(lanes, Mem{Base: base, Index: index, Scale: 1}, y)
		VMOVDQU(y, Mem{Base: dst, Disp: 32 * k})
	}
	VZEROUPPER()
	RET()

	Label("masked")
	spread := spreadMask(m)
	for k := range 4 {
		index, y := YMM(), YMM()
		lanes := expand(spread, k)
		VMOVDQU(Mem{Base: off, Disp: 32 * k}, index)
		VMOVDQU(Mem{Base: dst, Disp: 32 * k}, y)
		VPGATHERDD(lanes, Mem{Base: base, Index: index, Scale: 1}, y)
		VMOVDQU(y, Mem{Base: dst, Disp: 32 * k})
	}
	VZEROUPPER()
	RET()
}

// vector4 holds the offsets of neighbouring words of a block of eight lanes.
func vector4(block int) Mem {
	name := "words" + string(rune('0'+block))
	if _, ok := constants[name]; !ok {
		constants[name] = vector(name, func(i int) uint32 { return uint32(4 * (8*block + i)) })
	}
	return constants[name]
}

// gatherCompare writes the functions that look at a word for each lane.
func gatherCompare(name, signature string, unlike bool) {
	TEXT(name, NOSPLIT, signature)
	base, off := Load(Param("base"), GP64()), Load(Param("off"), GP64())
	m := Load(Param("m"), GP32())
	spread := spreadMask(m)
	broadcast := func(param string) reg.VecVirtual {
		g, x, y := Load(Param(param), GP32()), XMM(), YMM()
		VMOVD(g, x)
		VPBROADCASTD(x, y)
		return y
	}
	add := broadcast("add")
	var a, b reg.VecVirtual
	shift := XMM()
	if unlike {
		a, b = broadcast("x"), broadcast("y")
		g := Load(Param("shift"), GP64())
		VMOVQ(g, shift)
	} else {
		a = broadcast("limit")
	}
	result := GP32()
	XORL(result, result)
	for k := range 4 {
		index, word := YMM(), YMM()
		lanes := expand(spread, k)
		VPADDD(Mem{Base: off, Disp: 32 * k}, add, index)
		if unlike {
			VPSRLD(shift, index, index)
		}
		VPAND(constant(^uint32(3)), index, index)
		VPXOR(word, word, word)
		VPGATHERDD(lanes, Mem{Base: base, Index: index, Scale: 1}, word)
		t := YMM()
		if unlike {
			VPCMPEQD(a, word, t)
			VPCMPEQD(b, word, word)
			VPOR(word, t, t)
		} else { // word >= limit where their maximum is word
			VPMAXUD(a, word, t)
			VPCMPEQD(word, t, t)
		}
		g := GP32()
		VMOVMSKPS(t, g)
		if k > 0 {
			SHLL(Imm(uint64(8*k)), g)
		}
		ORL(g, result)
	}
	if unlike {
		NOTL(result)
	}
	ANDL(m, result)
	Store(result, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
