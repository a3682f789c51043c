package sim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cnn-gpu/device/sim"
)

// TestComparisons holds setp, set and their boolean forms against the definition of each comparison.
func TestComparisons(t *testing.T) {
	d := sim.NewDevice(hopper(t), sim.Options{Workers: 2})
	for seed, name := range sim.ComparisonNames() {
		parts := strings.Split(name, ".")
		typ := parts[len(parts)-1]
		flags := parts[1:]
		ref := reference{result: "u32", operands: []string{typ, typ, "u32"}}
		a, b := register(typ, 0), register(typ, 1)
		code := loadOperand(typ, 0, 3) + loadOperand(typ, 1, 3) + loadOperand("u32", 2, 3)
		code += "\tsetp.ne.s32 %p9, %r12, 0;\n\tmov.u32 %r30, 0;\n"
		bit := 0
		note := func(predicate string) {
			code += fmt.Sprintf("\t@%s or.b32 %%r30, %%r30, %d;\n", predicate, 1<<bit)
			bit++
		}
		tail := strings.Join(flags, ".")
		code += fmt.Sprintf("\tsetp.%s %%p1, %s, %s;\n", name, a, b)
		note("%p1")
		for _, operation := range []string{"and", "or", "xor"} {
			code += fmt.Sprintf("\tsetp.%s.%s.%s %%p1|%%p2, %s, %s, %%p9;\n", parts[0], operation, tail, a, b)
			note("%p1")
			note("%p2")
			code += fmt.Sprintf("\tsetp.%s.%s.%s %%p3, %s, %s, !%%p9;\n", parts[0], operation, tail, a, b)
			note("%p3")
		}
		code += storeResult("u32")
		inputs := tuples(ref, uint64(seed))
		got := evaluate(t, d, code, ref, inputs)
		for i, tuple := range inputs {
			c := compareReference(parts[0], flags, tuple[0], tuple[1])
			q := uint32(tuple[2]) != 0
			want := uint64(0)
			for bit, holds := range []bool{c, c && q, !c && q, c && !q, c || q, !c || q, c || !q, c != q, !c != q, c == q} {
				if holds {
					want |= 1 << bit
				}
			}
			if got[i] != want {
				t.Errorf("setp.%s of %x: %010b, should be %010b", name, tuple, got[i], want)
				break
			}
		}
	}
}

// TestSet holds set with every type of its result: one number or two, all ones or 1.0 where the comparison holds.
func TestSet(t *testing.T) {
	d := sim.NewDevice(hopper(t), sim.Options{Workers: 2})
	for seed, name := range sim.ComparisonNames() {
		parts := strings.Split(name, ".")
		single := parts[len(parts)-1]
		results := []string{"u32", "s32", "f32", "f16", "bf16"}
		packed := map[string][]string{"f16": {"u32", "s32", "f16x2"}, "bf16": {"u32", "s32", "bf16x2"}}[single]
		if packed != nil {
			results = []string{"u16", "s16", "u32", "s32", single}
		}
		testSet(t, d, uint64(seed), parts, single, results)
		if packed != nil {
			testSet(t, d, uint64(seed), parts, single+"x2", packed)
		}
	}
}

func testSet(t *testing.T, d *sim.Device, seed uint64, parts []string, typ string, results []string) {
	parts = slices.Clone(parts)
	flags := strings.Join(parts[1:len(parts)-1], ".")
	if flags != "" {
		flags = "." + flags
	}
	ref := reference{result: "u32", operands: []string{typ, typ, "u32"}}
	a, b := register(typ, 0), register(typ, 1)
	code := loadOperand(typ, 0, 3) + loadOperand(typ, 1, 3) + loadOperand("u32", 2, 3)
	code += "\tsetp.ne.s32 %p9, %r12, 0;\n\tmov.u32 %r30, 0;\n"
	for _, result := range results {
		for _, operation := range []string{"", ".and", ".or", ".xor"} {
			to, predicate := register(result, 25), ""
			if operation != "" {
				predicate = ", !%p9"
			}
			code += fmt.Sprintf("\tset.%s%s%s.%s.%s %s, %s, %s%s;\n", parts[0], operation, flags, result, typ, to, a, b, predicate)
			if width(result) == 16 {
				code += fmt.Sprintf("\tcvt.u32.u16 %%r36, %s;\n", to)
				to = "%r36"
			}
			code += fmt.Sprintf("\tmad.lo.u32 %%r30, %%r30, 31, %s;\n", to)
		}
	}
	code += storeResult("u32")
	inputs := tuples(ref, seed)
	got := evaluate(t, d, code, ref, inputs)
	lanes, bits := width(typ)/width(laneOf(typ)), width(laneOf(typ))
	for i, tuple := range inputs {
		q := uint32(tuple[2]) == 0
		sum := uint32(0)
		for _, result := range results {
			one := map[string]uint32{"u16": 0xffff, "s16": 0xffff, "u32": 0xffffffff, "s32": 0xffffffff, "f32": 0x3f800000,
				"f16": 0x3c00, "f16x2": 0x3c00, "bf16": 0x3f80, "bf16x2": 0x3f80}[result]
			if lanes == 2 {
				one &= 0xffff
			}
			for operation := range 4 {
				value := uint32(0)
				for lane := range lanes {
					mask := uint64(1)<<(bits-1)<<1 - 1
					c := compareReference(parts[0], append(slices.Clone(parts[1:len(parts)-1]), laneOf(typ)), tuple[0]>>(lane*bits)&mask, tuple[1]>>(lane*bits)&mask)
					if []bool{c, c && q, c || q, c != q}[operation] {
						value |= one << (lane * bits)
					}
				}
				sum = sum*31 + value
			}
		}
		if uint32(got[i]) != sum {
			t.Errorf("set.%s of %s and %x is wrong for one of %v", strings.Join(parts, "."), typ, tuple, results)
			return
		}
	}
}

func compareReference(comparison string, flags []string, a, b uint64) bool {
	typ := flags[len(flags)-1]
	order, unordered := 0, false
	if f, float := formats[typ]; float {
		unordered = f.isNaN(a) || f.isNaN(b)
		if slices.Contains(flags, "ftz") {
			a, b = f.flushed(a), f.flushed(b)
		}
		if !unordered {
			order = f.value(a).Cmp(f.value(b))
		}
		switch comparison {
		case "num":
			return !unordered
		case "nan":
			return unordered
		}
		if unordered {
			return strings.HasSuffix(comparison, "u")
		}
		comparison = strings.TrimSuffix(comparison, "u")
	} else {
		order = integerType(typ).value(a).Cmp(integerType(typ).value(b))
	}
	switch comparison {
	case "eq":
		return order == 0
	case "ne":
		return order != 0
	case "lt", "lo":
		return order < 0
	case "le", "ls":
		return order <= 0
	case "gt", "hi":
		return order > 0
	}
	return order >= 0
}
