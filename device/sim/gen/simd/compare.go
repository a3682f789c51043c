package simd

import (
	"fmt"
	"io"
	"strings"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// compares writes the functions that compare two registers in all lanes.
func (asm *assembler) compares(names io.Writer) {
	fmt.Fprintln(names, "var simdCompare = map[string]compareFunc{")
	var stubs strings.Builder
	write := func(name string, f func(a, b reg.VecVirtual, d reg.VecVirtual), invert bool) {
		fn := "simd_compare_" + strings.ReplaceAll(name, ".", "_")
		fmt.Fprintf(names, "%q: %s,\n", name, fn)
		fmt.Fprintf(&stubs, "//go:noescape\nfunc %s(w *warp, a, b int32) uint32\n\n", fn)
		asm.function(fn, "func(w uintptr, a, b int32) uint32")
		w := asm.Load(asm.Param("w"), asm.GP64())
		var place []reg.GPVirtual
		for _, x := range []string{"a", "b"} {
			p := asm.GP64()
			slot := asm.Load(asm.Param(x), asm.GP32())
			asm.MOVLQSX(slot, p)
			asm.SHLQ(Imm(7), p)
			asm.ADDQ(Mem{Base: w, Disp: warpR}, p)
			place = append(place, p)
		}
		result := asm.GP32()
		asm.XORL(result, result)
		for k := range 4 {
			a, b, d := asm.YMM(), asm.YMM(), asm.YMM()
			asm.VMOVDQU(Mem{Base: place[0], Disp: 32 * k}, a)
			asm.VMOVDQU(Mem{Base: place[1], Disp: 32 * k}, b)
			f(a, b, d)
			t := asm.GP32()
			asm.VMOVMSKPS(d, t)
			if k > 0 {
				asm.SHLL(Imm(uint64(8*k)), t)
			}
			asm.ORL(t, result)
		}
		if invert {
			asm.NOTL(result)
		}
		asm.Store(result, asm.ReturnIndex(0))
		asm.VZEROUPPER()
		asm.RET()
	}
	equal := func(a, b, d reg.VecVirtual) { asm.VPCMPEQD(b, a, d) }
	greater := func(a, b, d reg.VecVirtual) { asm.VPCMPGTD(b, a, d) }
	less := func(a, b, d reg.VecVirtual) { asm.VPCMPGTD(a, b, d) }
	unsigned := func(f func(a, b, d reg.VecVirtual)) func(a, b, d reg.VecVirtual) {
		return func(a, b, d reg.VecVirtual) {
			asm.VPXOR(asm.constant(0x80000000), a, a)
			asm.VPXOR(asm.constant(0x80000000), b, b)
			f(a, b, d)
		}
	}
	for _, t := range []string{"s32", "u32", "b32"} {
		write("eq."+t, equal, false)
		write("ne."+t, equal, true)
	}
	write("lt.s32", less, false)
	write("le.s32", greater, true)
	write("gt.s32", greater, false)
	write("ge.s32", less, true)
	write("lt.u32", unsigned(less), false)
	write("le.u32", unsigned(greater), true)
	write("gt.u32", unsigned(greater), false)
	write("ge.u32", unsigned(less), true)
	for _, c := range []struct {
		name      string
		predicate uint64 // of VCMPPS
	}{
		{"eq", 0x00}, {"ne", 0x0c}, {"lt", 0x11}, {"le", 0x12}, {"gt", 0x1e}, {"ge", 0x1d}, {"equ", 0x08}, {"neu", 0x04},
		{"ltu", 0x19}, {"leu", 0x1a}, {"gtu", 0x16}, {"geu", 0x15}, {"num", 0x07}, {"nan", 0x03},
	} {
		write(c.name+".f32", func(a, b, d reg.VecVirtual) { asm.VCMPPS(Imm(c.predicate), b, a, d) }, false)
	}
	fmt.Fprintf(names, "}\n\n%s", stubs.String())
}
