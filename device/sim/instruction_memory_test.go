package sim_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/device/sim"
)

// laneCell is the address of the thread's own 16 bytes of a variable "cells": %d20, or %r20 in shared memory.
const (
	globalCells = ".global .align 16 .b8 cells[1024];"
	laneCell    = "\tmov.u64 %d20, cells;\n\tmad.lo.s64 %d20, %d2, 16, %d20;\n"
	sharedCells = "\t.shared .align 16 .b8 cells[1024];\n\tmov.u32 %r20, cells;\n\tmad.lo.u32 %r20, %r2, 16, %r20;\n"
)

var memoryRows = []row{
	{name: "ld and st of global memory", declarations: globalCells, body: laneCell + `
	st.global.v4.u32 [%d20], {%r10, %r11, %r12, %r13};
	ld.global.s8 %r14, [%d20];
	ld.global.u8 %r15, [%d20+1];
	ld.global.s16 %r16, [%d20+2];
	ld.global.v2.u16 {%h1, %h2}, [%d20+4];
	cvt.u32.u16 %r17, %h2;
	add.u32 %r30, %r14, %r15;
	add.u32 %r30, %r30, %r16;
	add.u32 %r30, %r30, %r17;
	ld.global.v2.u64 {%d10, %d11}, [%d20];
	mov.b64 {_, %r31}, %d11;`,
		want: func(i int, in []words) (uint32, uint32) {
			x := in[i]
			return uint32(int32(int8(x[0]))) + x[0]>>8&0xff + uint32(int32(int16(x[0]>>16))) + x[1]>>16, x[3]
		}},
	{name: "ld and st with wider registers", declarations: globalCells, body: laneCell + `
	mov.b64 %d10, {%r10, %r11};
	st.global.u32 [%d20], %d10;
	st.global.u8 [%d20+4], %r11;
	st.global.u16 [%d20+6], %d10;
	st.global.u8 [%d20+5], 300;
	ld.global.s8 %d11, [%d20];
	ld.global.u16 %d12, [%d20+6];
	add.s64 %d11, %d11, %d12;
	mov.b64 {%r30, %r31}, %d11;
	ld.global.u16 %r14, [%d20+4];
	xor.b32 %r31, %r31, %r14;`,
		want: wide(func(x words) uint64 {
			sum := uint64(int64(int8(x[0]))) + uint64(x[0]&0xffff)
			return sum ^ uint64(x[1]&0xff|44<<8)<<32
		})},
	{name: "qualifiers of ld and st", declarations: globalCells, body: laneCell + `
	createpolicy.fractional.L2::evict_last.b64 %d21, 1.0;
	st.global.L1::no_allocate.u32 [%d20], %r10;
	st.volatile.global.u32 [%d20+4], %r11;
	st.relaxed.gpu.global.u32 [%d20+8], %r12;
	st.release.gpu.global.u32 [%d20+12], %r13;
	ld.volatile.global.u32 %r14, [%d20];
	ld.acquire.gpu.global.u32 %r15, [%d20+4];
	ld.relaxed.sys.global.u32 %r16, [%d20+8];
	ld.global.cg.u32 %r17, [%d20+12];
	ld.global.nc.L1::no_allocate.L2::128B.u32 %r18, [%d0];
	ld.global.L2::cache_hint.u32 %r19, [%d0], %d21;
	ldu.global.u32 %r21, [%d0];
	xor.b32 %r30, %r14, %r15;
	xor.b32 %r31, %r16, %r17;
	xor.b32 %r31, %r31, %r18;
	xor.b32 %r31, %r31, %r19;
	xor.b32 %r31, %r31, %r21;`,
		want: func(i int, in []words) (uint32, uint32) {
			x := in[i]
			return x[0] ^ x[1], x[2] ^ x[3] ^ in[0][0]
		}},
	{name: "shared, local and constant memory", declarations: ".const .align 4 .u32 table[4] = {10, 20, 30, 40};", body: sharedCells + `
	.local .align 8 .b8 own[16];
	st.shared.v2.u32 [%r20], {%r10, %r11};
	st.local.u64 [own+8], %d2;
	ld.shared.u16 %r14, [%r20+2];
	ld.shared::cta.s16 %r15, [%r20+6];
	ld.local.u32 %r16, [own+8];
	and.b32 %r17, %r2, 3;
	mul.wide.u32 %d10, %r17, 4;
	mov.u64 %d11, table;
	add.s64 %d11, %d11, %d10;
	ld.const.u32 %r18, [%d11];
	add.u32 %r30, %r14, %r15;
	add.u32 %r31, %r16, %r18;`,
		want: func(i int, in []words) (uint32, uint32) {
			return in[i][0]>>16 + uint32(int32(int16(in[i][1]>>16))), uint32(i) + uint32(i&3+1)*10
		}},
	{name: "parameters and generic addresses", declarations: globalCells, body: laneCell + sharedCellsOf("own") + `
	ld.param.u32 %r14, [in+4];
	ld.param.u64 %d10, [in];
	mov.b64 {_, %r15}, %d10;
	sub.u32 %r30, %r14, %r15;
	cvta.shared.u64 %d11, %d22;
	st.u32 [%d11], %r10;
	st.u32 [%d20], %r11;
	ld.u32 %r14, [%d11];
	ld.u32 %r15, [%d20];
	xor.b32 %r31, %r14, %r15;`,
		want: func(i int, in []words) (uint32, uint32) { return 0, in[i][0] ^ in[i][1] }},
	{name: "initialised variables", declarations: ".global .u32 table[4] = {11, 22, 33};\n.global .u64 pointer = generic(table);\n.global .align 4 .b8 text[4] = {1, 2, 3, 4};", body: `
	ld.global.u64 %d10, [pointer];
	ld.u32 %r14, [%d10+4];
	ld.global.u32 %r15, [table+12];
	add.u32 %r30, %r14, %r15;
	ld.global.u32 %r31, [text];`,
		want: func(int, []words) (uint32, uint32) { return 22, 0x04030201 }},
}

// sharedCellsOf declares shared memory of that name and puts the thread's 16 bytes' address in %d22.
func sharedCellsOf(name string) string {
	return fmt.Sprintf("\t.shared .align 16 .b8 %s[512];\n\tmov.u64 %%d22, %s;\n\tmad.lo.s64 %%d22, %%d2, 16, %%d22;\n", name, name)
}

// atomicReferences are the operations of atom and red by "operation.type".
var atomicReferences = map[string]func(old, a, b uint64) uint64{
	"add.u32": func(old, a, _ uint64) uint64 { return old + a }, "add.s32": func(old, a, _ uint64) uint64 { return old + a },
	"add.u64":       func(old, a, _ uint64) uint64 { return old + a },
	"add.f32":       func(old, a, _ uint64) uint64 { return addReference("f32", old, a) },
	"add.f64":       func(old, a, _ uint64) uint64 { return addReference("f64", old, a) },
	"add.noftz.f16": func(old, a, _ uint64) uint64 { return addReference("f16", old, a) }, "add.noftz.bf16": func(old, a, _ uint64) uint64 { return addReference("bf16", old, a) },
	"add.noftz.f16x2": func(old, a, _ uint64) uint64 { return addReference("f16x2", old, a) }, "add.noftz.bf16x2": func(old, a, _ uint64) uint64 { return addReference("bf16x2", old, a) },
	"add.s64": func(old, a, _ uint64) uint64 { return old + a },
	"min.u32": func(old, a, _ uint64) uint64 { return min(old, a) }, "max.u32": func(old, a, _ uint64) uint64 { return max(old, a) },
	"min.s32": func(old, a, _ uint64) uint64 { return uint64(uint32(min(int32(old), int32(a)))) },
	"max.s32": func(old, a, _ uint64) uint64 { return uint64(uint32(max(int32(old), int32(a)))) },
	"min.u64": func(old, a, _ uint64) uint64 { return min(old, a) }, "max.u64": func(old, a, _ uint64) uint64 { return max(old, a) },
	"min.s64": func(old, a, _ uint64) uint64 { return uint64(min(int64(old), int64(a))) },
	"max.s64": func(old, a, _ uint64) uint64 { return uint64(max(int64(old), int64(a))) },
	"and.b32": func(old, a, _ uint64) uint64 { return old & a }, "or.b32": func(old, a, _ uint64) uint64 { return old | a },
	"xor.b32": func(old, a, _ uint64) uint64 { return old ^ a }, "exch.b32": func(_, a, _ uint64) uint64 { return a },
	"and.b64": func(old, a, _ uint64) uint64 { return old & a }, "or.b64": func(old, a, _ uint64) uint64 { return old | a },
	"xor.b64": func(old, a, _ uint64) uint64 { return old ^ a }, "exch.b64": func(_, a, _ uint64) uint64 { return a },
	"inc.u32": func(old, a, _ uint64) uint64 { return choose(old >= a, 0, old+1) },
	"dec.u32": func(old, a, _ uint64) uint64 { return choose(old == 0 || old > a, a, old-1) },
	"cas.b32": func(old, a, b uint64) uint64 { return choose(old == a, b, old) }, "cas.b64": func(old, a, b uint64) uint64 { return choose(old == a, b, old) },
	"min.noftz.f16": extremeOf("min", "f16"), "max.noftz.f16": extremeOf("max", "f16"), "min.noftz.bf16": extremeOf("min", "bf16"), "max.noftz.bf16": extremeOf("max", "bf16"),
	"min.noftz.f16x2": extremeOf("min", "f16x2"), "max.noftz.f16x2": extremeOf("max", "f16x2"), "min.noftz.bf16x2": extremeOf("min", "bf16x2"), "max.noftz.bf16x2": extremeOf("max", "bf16x2"),
	"cas.b16": func(old, a, b uint64) uint64 { return choose(old == a, b, old) },
}

func addReference(t string, a, b uint64) uint64 {
	v, _ := perLane("add", nil, t, formats[laneOf(t)], []uint64{a, b})
	return v
}

func extremeOf(name, t string) func(old, a, b uint64) uint64 {
	return func(old, a, _ uint64) uint64 {
		v, _ := perLane(name, nil, t, formats[laneOf(t)], []uint64{old, a})
		return v
	}
}

// atomicOperands makes the words old, a and b. Small ones, so that comparisons hold and numbers are neither too large nor NaN.
func atomicOperands(t string) func(thread int) words {
	return func(i int) words {
		x := words{uint32(i), uint32(i*i) % 8, uint32(i) % 4, 0}
		switch laneOf(t) {
		case "f64":
			return words{0x3ff00000 + uint32(i)*7, 0x40100000 - uint32(i)*3, 0, 0}
		case "f32":
			return words{math.Float32bits(float32(i) * 0.3), math.Float32bits(1 / float32(i-7)), 0, 0}
		case "f16", "bf16":
			return words{0x3c003f80 + uint32(i)*0x00110013, 0x40113f05 + uint32(i)*0x00070005, 0, 0}
		}
		if i%3 == 0 {
			x[0] = -x[0]
			x[1] = x[0]
		}
		return x
	}
}

// atomicRow runs one atom on the thread's own place and gives the place's new value if atom returned the old one.
func atomicRow(operation, space string) row {
	parts := strings.Split(operation, ".")
	t := parts[len(parts)-1]
	bits := width(t)
	setup, address, declarations := laneCell, "%d20", globalCells
	if space == "shared" {
		setup, address, declarations = sharedCells, "%r20", ""
	}
	r := map[int]string{16: "%h", 32: "%r", 64: "%d"}[bits]
	memory := fmt.Sprintf("%s.b%d", space, bits)
	text := setup
	switch bits {
	case 16:
		text += "\tcvt.u16.u32 %h40, %r10;\n\tcvt.u16.u32 %h41, %r11;\n\tcvt.u16.u32 %h42, %r12;\n"
	case 32:
		text += "\tmov.b32 %r40, %r10;\n\tmov.b32 %r41, %r11;\n\tmov.b32 %r42, %r12;\n"
	case 64:
		text += "\tmov.b64 %d40, {%r10, %r11};\n\tmov.b64 %d41, {%r11, %r10};\n\tmov.b64 %d42, {%r12, %r10};\n"
	}
	arguments := r + "41"
	if parts[0] == "cas" {
		arguments += ", " + r + "42"
	}
	text += fmt.Sprintf("\tst.%s [%s], %s40;\n\tatom.%s.%s %s43, [%s], %s;\n\tld.%s %s44, [%s];\n", memory, address, r, space, operation, r, address, arguments, memory, r, address)
	text += fmt.Sprintf("\tsetp.ne.b%d %%p1, %s43, %s40;\n\t@%%p1 bra $wrong;\n", bits, r, r)
	text += map[int]string{16: "\tcvt.u32.u16 %r30, %h44;\n", 32: "\tmov.b32 %r30, %r44;\n", 64: "\tmov.b64 {%r30, %r31}, %d44;\n"}[bits] + "$wrong:"
	return row{name: "atom." + space + "." + operation, declarations: declarations, body: text, input: atomicOperands(t),
		want: wide(func(x words) uint64 {
			old, a, b := uint64(x[0]), uint64(x[1]), uint64(x[2])
			if bits == 64 {
				old, a, b = old|uint64(x[1])<<32, a|uint64(x[0])<<32, b|uint64(x[0])<<32
			}
			mask := uint64(1)<<(bits-1)<<1 - 1
			return atomicReferences[operation](old&mask, a&mask, b&mask) & mask
		})}
}

// vectorAtomics are those of sm_90: a result for each element. ptxas takes the operation before the types and behind them.
var vectorAtomics = []row{
	{name: "atom.global.add.v4.f32", declarations: ".global .align 16 .f32 cells[128];", input: func(i int) words { return words{uint32(i), 3, 5, 9} }, body: `
	mov.u64 %d20, cells;
	mad.lo.s64 %d20, %d2, 16, %d20;
	cvt.rn.f32.u32 %r20, %r10;
	cvt.rn.f32.u32 %r21, %r11;
	cvt.rn.f32.u32 %r22, %r12;
	cvt.rn.f32.u32 %r23, %r13;
	st.global.v4.f32 [%d20], {%r20, %r21, %r22, %r23};
	atom.global.add.v4.f32 {%r14, _, %r16, %r17}, [%d20], {%r23, %r22, %r21, %r20};
	red.relaxed.gpu.global.v2.f32.add [%d20+8], {%r20, %r20};
	ld.global.v4.f32 {%r24, %r25, %r26, %r27}, [%d20];
	fma.rn.f32 %r14, %r14, 100.0, %r16;
	fma.rn.f32 %r14, %r14, 100.0, %r17;
	fma.rn.f32 %r24, %r24, 100.0, %r25;
	fma.rn.f32 %r24, %r24, 100.0, %r26;
	fma.rn.f32 %r24, %r24, 10.0, %r27;
	cvt.rzi.u32.f32 %r30, %r14;
	cvt.rzi.u32.f32 %r31, %r24;`,
		want: func(i int, in []words) (uint32, uint32) {
			n := uint32(i)
			return n*10000 + 5*100 + 9, (((n+9)*100+3+5)*100+5+3+n)*10 + 9 + n + n
		}},
	{name: "atom.global.max.noftz.v8.f16", declarations: ".global .align 16 .b16 cells[256];", body: `
	mov.u64 %d20, cells;
	mad.lo.s64 %d20, %d2, 16, %d20;
	mov.b32 {%h1, %h2}, 0x3c004000;
	mov.b32 {%h3, %h4}, 0x42004400;
	st.global.v4.u16 [%d20], {%h1, %h2, %h3, %h4};
	st.global.v4.u16 [%d20+8], {%h1, %h2, %h3, %h4};
	atom.global.v8.f16.max.noftz {%h10, %h11, %h12, %h13, %h14, %h15, %h16, %h17}, [%d20], {%h4, %h4, %h4, %h4, %h3, %h3, %h3, %h3};
	mov.b32 %r30, {%h11, %h16};
	ld.global.v2.u16 {%h20, %h21}, [%d20+4];
	mov.b32 %r31, {%h20, %h21};`,
		want: func(int, []words) (uint32, uint32) { return 0x44003c00, 0x42004400 }},
	{name: "atom.global.add.noftz.v2.bf16x2", declarations: ".global .align 8 .b32 cells[64];", body: `
	mov.u64 %d20, cells;
	mad.lo.s64 %d20, %d2, 8, %d20;
	st.global.v2.u32 [%d20], {0x3f803f80, 0x40003f80};
	mov.b32 %r14, 0;
	mov.b32 %r15, 0x80008000;
	atom.add.noftz.v2.bf16x2 {%r14, %r15}, [%d20], {%r14, %r15};
	red.global.add.noftz.v2.bf16x2 [%d20], {0x40003f80, 0x3f803f80};
	ld.global.v2.u32 {%r30, %r31}, [%d20];`,
		want: func(int, []words) (uint32, uint32) { return 0x40404000, 0x40404000 }},
}

func atomicRows() []row {
	rows := []row{
		{name: "red by all threads", threads: 64, declarations: globalCells, input: func(i int) words { return words{uint32(i), math.Float32bits(float32(i))} }, body: `
	.shared .u32 total;
	mov.u64 %d20, cells;
	setp.ne.u32 %p1, %r2, 0;
	@!%p1 st.shared.u32 [total], 5;
	bar.sync 0;
	red.global.add.u32 [%d20], %r10;
	red.global.max.u32 [%d20+4], %r10;
	red.relaxed.gpu.global.add.f32 [%d20+8], %r11;
	red.shared.add.u32 [total], %r10;
	red.global.or.b32 [%d20+12], %r10;
	bar.sync 0;
	ld.global.u32 %r14, [%d20];
	ld.global.u32 %r15, [%d20+4];
	mad.lo.u32 %r30, %r15, 10000, %r14;
	ld.shared.u32 %r31, [total];
	ld.global.f32 %r16, [%d20+8];
	cvt.rzi.u32.f32 %r16, %r16;
	ld.global.u32 %r17, [%d20+12];
	mad.lo.u32 %r31, %r16, 10000, %r31;
	add.u32 %r31, %r31, %r17;`,
			want: func(int, []words) (uint32, uint32) { return 630000 + 2016, 2016*10000 + 2016 + 5 + 63 }},
		{name: "every thread gets a ticket of its own", threads: 96, declarations: globalCells, body: `
	mov.u64 %d20, cells;
	atom.global.add.u32 %r14, [%d20], 1;
	mad.lo.u32 %r15, %r14, 4, 4;
	cvt.u64.u32 %d10, %r15;
	add.s64 %d10, %d20, %d10;
	atom.acq_rel.gpu.global.exch.b32 %r16, [%d10], 1;
	mov.u32 %r30, %r16;
	bar.sync 0;
	ld.global.u32 %r31, [%d20];`,
			want: func(int, []words) (uint32, uint32) { return 0, 96 }},
	}
	rows = append(rows, vectorAtomics...)
	for _, operation := range slices.Sorted(maps.Keys(atomicReferences)) {
		rows = append(rows, atomicRow(operation, "global"))
		if !strings.Contains(operation, "f16") || strings.HasSuffix(operation, "x2") {
			rows = append(rows, atomicRow(operation, "shared"))
		}
	}
	return rows
}

func TestEveryAtomicHasItsRow(t *testing.T) {
	var names []string
	for name := range atomicReferences {
		names = append(names, strings.Replace(name, ".noftz", "", 1))
	}
	assert.ElementsMatch(t, sim.AtomicNames(), names)
}
