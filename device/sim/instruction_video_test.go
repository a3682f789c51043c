package sim_test

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// videoInstructions are the forms of the video instructions: each operation with types, selectors, masks, saturation and second operations.
var videoInstructions = []string{
	"vadd.s32.s32.s32 %r30, %r10, %r11", "vadd.u32.s32.u32.sat %r30, %r10.b0, %r11.h1", "vadd.s32.u32.s32.sat.min %r30, %r10.h0, %r11.b3, %r12",
	"vadd.s32.s32.s32.sat %r30.b2, %r10, %r11.h1, %r12", "vadd.u32.u32.u32 %r30.h1, %r10, %r11, %r12", "vadd.u32.u32.u32.sat.max %r30, %r10, %r11, %r12",
	"vsub.s32.u32.u32 %r30, %r10, %r11", "vsub.u32.u32.u32.sat %r30, %r10, %r11", "vsub.u32.u32.u32.add %r30, %r10.b1, %r11.b2, %r12",
	"vabsdiff.u32.s32.u32.add %r30, %r10.b1, %r11.b2, %r12", "vabsdiff.u32.u32.u32 %r30, %r10, %r11", "vabsdiff.s32.s32.s32.sat %r30, %r10, %r11",
	"vmin.s32.u32.s32 %r30.h0, %r10, %r11, %r12", "vmin.u32.u32.s32.sat %r30, %r10, %r11", "vmax.u32.u32.u32.max %r30, %r10, %r11, %r12",
	"vmax.s32.s32.s32.sat %r30.b0, %r10, %r11.b1, %r12",
	"vshl.u32.s32.u32.clamp %r30, %r10.b0, %r13", "vshl.u32.s32.u32.sat.clamp %r30, %r10.b0, %r13", "vshl.s32.u32.u32.sat.clamp.add %r30, %r10, %r13, %r12",
	"vshl.u32.u32.u32.wrap %r30, %r10, %r13", "vshl.u32.u32.u32.sat.clamp %r30, %r10, %r13",
	"vshr.s32.s32.u32.sat.wrap %r30, %r10, %r13", "vshr.u32.u32.u32.wrap %r30.h1, %r10, %r13, %r12", "vshr.s32.s32.u32.clamp %r30, %r10, %r13",
	"vshr.u32.u32.u32.clamp.min %r30, %r10, %r13, %r12",
	"vset.s32.u32.lt %r30, %r10.b0, %r11", "vset.u32.u32.ge.add %r30, %r10, %r11.h1, %r12", "vset.s32.s32.ne %r30.b3, %r10, %r11, %r12",
	"vset.u32.u32.eq %r30, %r10.b0, %r11.b1", "vset.s32.s32.gt.max %r30, %r10, %r11, %r12", "vset.s32.s32.le %r30, %r10, %r11",
	"vmad.s32.s32.u32 %r30, %r10, %r11, %r12", "vmad.u32.u32.u32.sat.shr7 %r30, %r10.b0, %r11.h1, %r12", "vmad.s32.s32.s32.shr15 %r30, -%r10.h0, %r11.b0, %r12",
	"vmad.s32.s32.s32 %r30, %r10, %r11, -%r12", "vmad.u32.u32.u32.sat.shr15 %r30, %r10, %r11, %r12", "vmad.u32.u32.u32.po %r30, %r10, %r11, %r12",
	"vmad.s32.u32.u32.sat.shr7 %r30, %r10, -%r11, %r12", "vmad.s32.s32.s32.sat %r30, %r10.h1, %r11.h0, %r12", "vmad.u32.u32.u32.po.sat.shr7 %r30, %r10, %r11, %r12",
	"vadd2.s32.s32.u32.sat %r30.h0, %r10.h10, %r11.h32, %r12", "vadd2.u32.u32.u32 %r30, %r10, %r11.h03, %r12", "vsub2.u32.u32.u32 %r30, %r10, %r11, %r12",
	"vsub2.u32.u32.u32.sat %r30.h1, %r10, %r11, %r12", "vavrg2.s32.s32.s32.add %r30, %r10.h31, %r11, %r12", "vavrg2.u32.u32.u32 %r30, %r10, %r11, %r12",
	"vabsdiff2.u32.u32.u32.add %r30.h10, %r10, %r11, %r12", "vmin2.u32.s32.u32 %r30, %r10, %r11, %r12", "vmax2.s32.s32.s32.sat %r30, %r10, %r11, %r12",
	"vset2.s32.s32.lt %r30, %r10, %r11, %r12", "vset2.u32.u32.ge.add %r30.h1, %r10, %r11, %r12",
	"vadd4.u32.u32.u32.sat %r30.b210, %r10.b7654, %r11.b0123, %r12", "vadd4.s32.s32.s32.sat %r30, %r10, %r11, %r12", "vsub4.s32.s32.s32 %r30, %r10, %r11, %r12",
	"vavrg4.u32.u32.u32 %r30, %r10, %r11, %r12", "vavrg4.s32.s32.s32 %r30, %r10, %r11, %r12", "vabsdiff4.u32.u32.u32.add %r30, %r10, %r11, %r12",
	"vmin4.u32.u32.u32 %r30.b3, %r10, %r11, %r12", "vmax4.s32.s32.s32.add %r30, %r10, %r11, %r12", "vset4.u32.s32.eq %r30, %r10, %r11, %r12",
	"vset4.s32.u32.gt.add %r30.b20, %r10, %r11, %r12",
}

func videoRows() (all []row) {
	for _, text := range videoInstructions {
		all = append(all, row{name: text, threads: 256, input: videoInput, body: text + "; mov.u32 %r31, %r13;",
			want: func(i int, in []words) (uint32, uint32) { return videoReference(text, in[i]), in[i][3] }})
	}
	return all
}

// videoInput has numbers at the ends of the types of 8, 16 and 32 bits, and shifts of 0 to 40.
func videoInput(thread int) words {
	x := noise(thread)
	ends := []uint32{0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x80007fff, 0x7f80ff01}
	for i := range 3 {
		if thread>>i&1 != 0 {
			x[i] = ends[(thread*7+i*5)%len(ends)]
		}
	}
	if thread%5 == 0 {
		x[1] = x[0] ^ uint32(thread)<<16 // parts that are equal
	}
	x[3] %= 41
	return x
}

// videoReference follows the steps of the section "Video Instructions" in big integers, from the text of the instruction.
func videoReference(text string, in words) uint32 {
	opcode, list, _ := strings.Cut(text, " ")
	modifiers := strings.Split(opcode, ".")
	name := modifiers[0]
	lanes := map[byte]int{'2': 2, '4': 4}[name[len(name)-1]]
	if lanes == 0 {
		lanes = 1
	} else {
		name = name[:len(name)-1]
	}
	has := func(m string) bool { return slices.Contains(modifiers[1:], m) }
	types := modifiers[1:]
	if name == "vset" {
		types = append([]string{"u32"}, types...)
	}
	type operand struct {
		value    uint32
		selector string
		negated  bool
	}
	var operands []operand
	for _, o := range strings.Split(list, ", ") {
		register, selector, _ := strings.Cut(strings.TrimPrefix(o, "-"), ".")
		var index int
		fmt.Sscanf(register, "%%r%d", &index)
		operands = append(operands, operand{value: append(in[:], 0)[(index-10)%5], selector: selector, negated: o[0] == '-'})
	}
	for len(operands) < 4 {
		operands = append(operands, operand{})
	}
	d, a, b, c := operands[0], operands[1], operands[2], operands[3]
	width := uint(32 / lanes)
	typed := func(t string, bits uint, v uint32) *big.Int { return integer{bits, t == "s32"}.value(uint64(v)) }
	comparison := map[string]func(int) bool{
		"eq": func(o int) bool { return o == 0 }, "ne": func(o int) bool { return o != 0 }, "lt": func(o int) bool { return o < 0 },
		"le": func(o int) bool { return o <= 0 }, "gt": func(o int) bool { return o > 0 }, "ge": func(o int) bool { return o >= 0 },
	}
	first := func(x, y *big.Int) *big.Int {
		z := new(big.Int)
		switch name {
		case "vadd":
			return z.Add(x, y)
		case "vsub":
			return z.Sub(x, y)
		case "vabsdiff":
			return z.Abs(z.Sub(x, y))
		case "vmin", "vmax":
			if (x.Cmp(y) < 0) == (name == "vmin") {
				return x
			}
			return y
		case "vavrg":
			if z.Add(x, y).Sign() >= 0 {
				z.Add(z, big.NewInt(1))
			}
			return z.Rsh(z, 1)
		case "vshl", "vshr":
			n := uint(y.Uint64())
			if has("wrap") {
				n %= 32
			}
			if n = min(n, 32); name == "vshl" {
				return z.Lsh(x, n)
			}
			return z.Rsh(x, n)
		}
		for m, holds := range comparison {
			if has(m) && holds(x.Cmp(y)) {
				return z.SetInt64(1)
			}
		}
		return z
	}
	if lanes == 1 {
		part := func(o operand, t string) *big.Int {
			switch {
			case o.selector == "":
				return typed(t, 32, o.value)
			case o.selector[0] == 'b':
				return typed(t, 8, o.value>>(8*(o.selector[1]-'0')))
			}
			return typed(t, 16, o.value>>(16*(o.selector[1]-'0')))
		}
		x, y := part(a, types[1]), part(b, types[2])
		if name == "vmad" {
			signed := types[1] == "s32" || types[2] == "s32" || a.negated || b.negated || c.negated
			final := integer{32, signed}
			z := x.Mul(x, y)
			if a.negated != b.negated {
				z.Neg(z)
			}
			addend := final.value(uint64(c.value))
			if c.negated { // the complement and one: 0x80000000 becomes 2^31
				addend = new(big.Int).Neg(final.value(uint64(c.value)))
			}
			z.Add(z, addend)
			if has("po") {
				z.Add(z, big.NewInt(1))
			}
			if has("shr7") {
				z.Rsh(z, 7)
			} else if has("shr15") {
				z.Rsh(z, 15)
			}
			if has("sat") {
				z = final.clamp(z)
			}
			return uint32(integer{32, false}.wrap(z))
		}
		z := first(x, y)
		bits, shift := uint(32), uint(0)
		if d.selector != "" {
			bits = map[byte]uint{'b': 8, 'h': 16}[d.selector[0]]
			shift = bits * uint(d.selector[1]-'0')
		}
		if has("sat") {
			z = integer{bits, types[0] == "s32"}.clamp(z)
		}
		third := typed(types[0], 32, c.value)
		switch {
		case d.selector != "":
			mask := uint32(1<<bits-1) << shift
			return c.value&^mask | uint32(integer{32, false}.wrap(z))<<shift&mask
		case has("add"):
			z = new(big.Int).Add(z, third)
		case has("min") && third.Cmp(z) < 0, has("max") && third.Cmp(z) > 0:
			z = third
		}
		return uint32(integer{32, false}.wrap(z))
	}
	both := uint64(b.value)<<32 | uint64(a.value)
	choice := func(o operand, lane, standard int) uint {
		if o.selector == "" {
			return uint(standard)
		}
		return uint(o.selector[len(o.selector)-1-lane] - '0')
	}
	var merged uint32
	sum := c.value
	for lane := range lanes {
		mask := uint32(1<<width-1) << (uint(lane) * width)
		if d.selector != "" && !strings.ContainsRune(d.selector[1:], rune('0'+lane)) {
			merged |= c.value & mask
			continue
		}
		x := typed(types[1], width, uint32(both>>(choice(a, lane, lane)*width)))
		y := typed(types[2], width, uint32(both>>(choice(b, lane, lanes+lane)*width)))
		z := first(x, y)
		if has("sat") {
			z = integer{width, types[0] == "s32"}.clamp(z)
		}
		w := uint32(integer{32, false}.wrap(z))
		sum += w
		merged |= w << (uint(lane) * width) & mask
	}
	if has("add") {
		return sum
	}
	return merged
}
