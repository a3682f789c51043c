package simd

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// addresses writes offsets32 and offsets64: the offsets of the lanes, of the idle ones that of the first, and what the fast paths want to
// know about them.
func (asm *assembler) addresses() {
	asm.offsets("offsets32AVX2", "func(off, base uintptr, add, first, m uint32, s uintptr)", false)
	asm.offsets("offsets64AVX2", "func(off, base uintptr, add, first uint64, m uint32, s uintptr)", true)
}

func (asm *assembler) offsets(name, signature string, wide bool) {
	asm.function(name, signature)
	off, base := asm.Load(asm.Param("off"), asm.GP64()), asm.Load(asm.Param("base"), asm.GP64())
	m, s := asm.Load(asm.Param("m"), asm.GP32()), asm.Load(asm.Param("s"), asm.GP64())
	add, first, firstHigh := asm.YMM(), asm.YMM(), asm.YMM()
	if wide {
		a, f := asm.Load(asm.Param("add"), asm.GP64()), asm.Load(asm.Param("first"), asm.GP64())
		x := asm.XMM()
		asm.VMOVQ(a, x)
		asm.VPBROADCASTQ(x, add)
		y := asm.XMM()
		asm.VMOVQ(f, y)
		asm.VPBROADCASTD(y, first)
		asm.SHRQ(Imm(32), f)
		z := asm.XMM()
		asm.VMOVQ(f, z)
		asm.VPBROADCASTD(z, firstHigh)
	} else {
		a, f := asm.Load(asm.Param("add"), asm.GP32()), asm.Load(asm.Param("first"), asm.GP32())
		x, y := asm.XMM(), asm.XMM()
		asm.VMOVD(a, x)
		asm.VPBROADCASTD(x, add)
		asm.VMOVD(f, y)
		asm.VPBROADCASTD(y, first)
	}
	spread := asm.spreadMask(m)
	low, high, differ, regions := asm.YMM(), asm.YMM(), asm.YMM(), asm.YMM()
	for _, y := range []reg.VecVirtual{low, high, differ, regions} {
		asm.VPXOR(y, y, y)
	}
	for k := range 4 {
		lanes := asm.expand(spread, k)
		o := asm.YMM()
		if wide {
			p, q, h := asm.YMM(), asm.YMM(), asm.YMM()
			asm.VPADDQ(Mem{Base: base, Disp: 64 * k}, add, p)
			asm.VPADDQ(Mem{Base: base, Disp: 64*k + 32}, add, q)
			asm.VSHUFPS(Imm(0x88), q, p, o)
			asm.VPERMQ(Imm(0xd8), o, o)
			asm.VSHUFPS(Imm(0xdd), q, p, h)
			asm.VPERMQ(Imm(0xd8), h, h)
			asm.VPXOR(firstHigh, h, h)
			asm.VPAND(lanes, h, h)
			asm.VPOR(h, regions, regions)
		} else {
			asm.VPADDD(Mem{Base: base, Disp: 32 * k}, add, o)
		}
		asm.VPBLENDVB(lanes, o, first, o)
		asm.VMOVDQU(o, Mem{Base: off, Disp: 32 * k})
		asm.VPOR(o, low, low)
		asm.VPMAXUD(o, high, high)
		asm.VPXOR(first, o, o)
		asm.VPOR(o, differ, differ)
	}
	asm.reduce(low, asm.VPOR, Mem{Base: s, Disp: spanLow})
	asm.reduce(high, variadic(asm.VPMAXUD), Mem{Base: s, Disp: spanHigh})
	asm.reduce(differ, asm.VPOR, Mem{Base: s, Disp: spanDiffer})
	asm.reduce(regions, asm.VPOR, Mem{Base: s, Disp: spanRegions})
	asm.VZEROUPPER()
	asm.RET()
}

// reduce joins the eight lanes of a vector.
func (asm *assembler) reduce(y reg.VecVirtual, join op2, to Mem) {
	x, t := y.AsX(), asm.XMM()
	asm.VEXTRACTI128(Imm(1), y, t)
	join(t, x, t)
	u := asm.XMM()
	asm.VPSHUFD(Imm(0x4e), t, u)
	join(u, t, t)
	asm.VPSHUFD(Imm(0xb1), t, u)
	join(u, t, t)
	asm.VMOVD(t, to)
}

// memory writes the gathers.
func (asm *assembler) memory() {
	asm.gatherLoad()
	asm.gatherCompare("lanesUnlikeAVX2", "func(base, off uintptr, add uint32, shift uint64, x, y, m uint32) uint32", true)
	asm.gatherCompare("lanesAtLeastAVX2", "func(base, off uintptr, add, limit, m uint32) uint32", false)
}

// gatherLoad writes load32: neighbouring words by plain loads, others by gathers.
func (asm *assembler) gatherLoad() {
	asm.function("load32AVX2", "func(dst, base, off uintptr, add, m uint32)")
	dst, base, off := asm.Load(asm.Param("dst"), asm.GP64()), asm.Load(asm.Param("base"), asm.GP64()), asm.Load(asm.Param("off"), asm.GP64())
	add, m := asm.Load(asm.Param("add"), asm.GP32()), asm.Load(asm.Param("m"), asm.GP32())
	addWide := asm.GP64()
	asm.MOVL(add, addWide.As32())
	asm.ADDQ(addWide, base)
	asm.CMPL(m, I32(-1))
	asm.JNE(LabelRef("masked"))

	first, x, unlike := asm.YMM(), asm.XMM(), asm.YMM()
	asm.VMOVD(Mem{Base: off}, x)
	asm.VPBROADCASTD(x, first)
	asm.VPXOR(unlike, unlike, unlike)
	for k := range 4 {
		t := asm.YMM()
		asm.VPADDD(asm.vector4(k), first, t)
		asm.VPXOR(Mem{Base: off, Disp: 32 * k}, t, t)
		asm.VPOR(t, unlike, unlike)
	}
	asm.VPTEST(unlike, unlike)
	asm.JNE(LabelRef("scattered"))
	start := asm.GP64()
	asm.MOVL(Mem{Base: off}, start.As32())
	asm.ADDQ(base, start)
	for k := range 4 {
		y := asm.YMM()
		asm.VMOVDQU(Mem{Base: start, Disp: 32 * k}, y)
		asm.VMOVDQU(y, Mem{Base: dst, Disp: 32 * k})
	}
	asm.VZEROUPPER()
	asm.RET()

	asm.Label("scattered")
	for k := range 4 {
		index, lanes, y := asm.YMM(), asm.YMM(), asm.YMM()
		asm.VMOVDQU(Mem{Base: off, Disp: 32 * k}, index)
		asm.VPCMPEQD(lanes, lanes, lanes)
		asm.VPXOR(y, y, y)
		asm.VPGATHERDD(lanes, Mem{Base: base, Index: index, Scale: 1}, y)
		asm.VMOVDQU(y, Mem{Base: dst, Disp: 32 * k})
	}
	asm.VZEROUPPER()
	asm.RET()

	asm.Label("masked")
	spread := asm.spreadMask(m)
	for k := range 4 {
		index, y := asm.YMM(), asm.YMM()
		lanes := asm.expand(spread, k)
		asm.VMOVDQU(Mem{Base: off, Disp: 32 * k}, index)
		asm.VMOVDQU(Mem{Base: dst, Disp: 32 * k}, y)
		asm.VPGATHERDD(lanes, Mem{Base: base, Index: index, Scale: 1}, y)
		asm.VMOVDQU(y, Mem{Base: dst, Disp: 32 * k})
	}
	asm.VZEROUPPER()
	asm.RET()
}

// vector4 holds the offsets of neighbouring words of a block of eight lanes.
func (asm *assembler) vector4(block int) Mem {
	name := "words" + string(rune('0'+block))
	if _, ok := asm.constants[name]; !ok {
		asm.constants[name] = asm.vector(name, func(i int) uint32 { return uint32(4 * (8*block + i)) })
	}
	return asm.constants[name]
}

// gatherCompare writes the functions that look at a word for each lane.
func (asm *assembler) gatherCompare(name, signature string, unlike bool) {
	asm.function(name, signature)
	base, off := asm.Load(asm.Param("base"), asm.GP64()), asm.Load(asm.Param("off"), asm.GP64())
	m := asm.Load(asm.Param("m"), asm.GP32())
	spread := asm.spreadMask(m)
	broadcast := func(param string) reg.VecVirtual {
		g, x, y := asm.Load(asm.Param(param), asm.GP32()), asm.XMM(), asm.YMM()
		asm.VMOVD(g, x)
		asm.VPBROADCASTD(x, y)
		return y
	}
	add := broadcast("add")
	var a, b reg.VecVirtual
	shift := asm.XMM()
	if unlike {
		a, b = broadcast("x"), broadcast("y")
		g := asm.Load(asm.Param("shift"), asm.GP64())
		asm.VMOVQ(g, shift)
	} else {
		a = broadcast("limit")
	}
	result := asm.GP32()
	asm.XORL(result, result)
	for k := range 4 {
		index, word := asm.YMM(), asm.YMM()
		lanes := asm.expand(spread, k)
		asm.VPADDD(Mem{Base: off, Disp: 32 * k}, add, index)
		if unlike {
			asm.VPSRLD(shift, index, index)
		}
		asm.VPAND(asm.constant(^uint32(3)), index, index)
		asm.VPXOR(word, word, word)
		asm.VPGATHERDD(lanes, Mem{Base: base, Index: index, Scale: 1}, word)
		t := asm.YMM()
		if unlike {
			asm.VPCMPEQD(a, word, t)
			asm.VPCMPEQD(b, word, word)
			asm.VPOR(word, t, t)
		} else { // word >= limit where their maximum is word
			asm.VPMAXUD(a, word, t)
			asm.VPCMPEQD(word, t, t)
		}
		g := asm.GP32()
		asm.VMOVMSKPS(t, g)
		if k > 0 {
			asm.SHLL(Imm(uint64(8*k)), g)
		}
		asm.ORL(g, result)
	}
	if unlike {
		asm.NOTL(result)
	}
	asm.ANDL(m, result)
	asm.Store(result, asm.ReturnIndex(0))
	asm.VZEROUPPER()
	asm.RET()
}
