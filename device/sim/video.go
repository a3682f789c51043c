package sim

import (
	"math/bits"
	"slices"
	"strings"

	"cnn-gpu/device/sim/ptx"
)

// part is the byte, the half-word or the word of a register that a selector such as .b1 names (section "Scalar Video Instructions").
type part struct{ shift, width uint }

var parts = map[string]part{
	"": {0, 32}, "h0": {0, 16}, "h1": {16, 16}, "b0": {0, 8}, "b1": {8, 8}, "b2": {16, 8}, "b3": {24, 8},
}

// of extends the part by its sign or by zeros.
func (p part) of(x uint32, signed bool) int64 {
	v := int64(x) << (64 - p.shift - p.width)
	if signed {
		return v >> (64 - p.width)
	}
	return int64(uint64(v) >> (64 - p.width))
}

// limits of the part as a type.
func (p part) limits(signed bool) (least, greatest int64) {
	if signed {
		return -1 << (p.width - 1), 1<<(p.width-1) - 1
	}
	return 0, 1<<p.width - 1
}

// videoOperations are the first operations of video instructions, on values of 33 bits or less.
var videoOperations = map[string]func(a, b int64) int64{
	"vadd": func(a, b int64) int64 { return a + b }, "vsub": func(a, b int64) int64 { return a - b },
	"vabsdiff": absDiff[int64],
	"vmin":     func(a, b int64) int64 { return min(a, b) }, "vmax": func(a, b int64) int64 { return max(a, b) },
	"vavrg": func(a, b int64) int64 { return (a + b + int64(bit(a+b >= 0))) >> 1 },
	"vshl": func(a, b int64) int64 {
		if r := a << b; r>>b == a {
			return r
		}
		return 1 << 62 // more than any type holds, and the low bits are zero
	},
	"vshr": func(a, b int64) int64 { return a >> b },
	"eq":   func(a, b int64) int64 { return int64(bit(a == b)) }, "ne": func(a, b int64) int64 { return int64(bit(a != b)) },
	"lt": func(a, b int64) int64 { return int64(bit(a < b)) }, "le": func(a, b int64) int64 { return int64(bit(a <= b)) },
	"gt": func(a, b int64) int64 { return int64(bit(a > b)) }, "ge": func(a, b int64) int64 { return int64(bit(a >= b)) },
}

// secondOperations join the result of the first with operand c.
var secondOperations = map[string]func(x, c int64) int64{
	"add": func(x, c int64) int64 { return x + c },
	"min": func(x, c int64) int64 { return min(x, c) },
	"max": func(x, c int64) int64 { return max(x, c) },
}

// videoTypes reads the types in front of the other modifiers: of the result, which vset leaves out, and of a and b.
func (d *decoder) videoTypes(s *ptx.Instruction) (signed [3]bool, rest []string) {
	types := s.Op.Modifiers
	if strings.HasPrefix(s.Op.Name, "vset") {
		types = append([]string{"u32"}, types...)
	}
	for i := range signed {
		if signed[i] = types[i] == "s32"; !signed[i] && types[i] != "u32" {
			d.fail("%w", ErrUnknownInstruction)
		}
	}
	return signed, types[3:]
}

// unselected is the operand without its selector and sign.
func unselected(o ptx.Operand) ptx.Operand {
	o.Name, o.Not = "", false
	return o
}

func (d *decoder) part(o ptx.Operand) part {
	p, known := parts[o.Name]
	if !known || o.Not {
		d.fail("the selector .%s is not one of b0 to b3, h0, h1", o.Name)
	}
	return p
}

// videoForm is a scalar video instruction.
type videoForm struct {
	first           func(a, b int64) int64
	second          func(x, c int64) int64 // or nil
	a, b, d         part
	aSigned         bool
	bSigned         bool
	dSigned         bool
	saturate, merge bool
	greatestShift   int64 // of b, for .clamp
	wrap            bool  // b is taken modulo 32
}

// decodeVideo: vop.dtype.atype.btype{.sat}{.op2} d{.dsel}, a{.asel}, b{.bsel}{, c} (section "Scalar Video Instructions").
func decodeVideo(d *decoder, in *inst, s *ptx.Instruction) {
	signed, rest := d.videoTypes(s)
	f := videoForm{first: videoOperations[s.Op.Name], dSigned: signed[0], aSigned: signed[1], bSigned: signed[2], greatestShift: 1<<33 - 1}
	shift := s.Op.Name == "vshl" || s.Op.Name == "vshr"
	for i, m := range rest {
		switch {
		case m == "sat" && s.Op.Name != "vset":
			f.saturate = true
		case m == "clamp" && shift:
			f.greatestShift = 32
		case m == "wrap" && shift:
			f.wrap = true
		case s.Op.Name == "vset" && i == 0 && videoOperations[m] != nil && m[0] != 'v':
			f.first = videoOperations[m]
		case secondOperations[m] != nil && f.second == nil:
			f.second = secondOperations[m]
		default:
			d.fail("%w", ErrUnknownInstruction)
		}
	}
	f.merge = s.Operands[0].Name != ""
	if f.first == nil || f.merge && f.second != nil || shift && (f.bSigned || f.wrap == (f.greatestShift == 32)) {
		d.fail("%w", ErrUnknownInstruction)
	}
	d.need(3 + int(bit(f.merge || f.second != nil)))
	f.d, f.a, f.b = d.part(s.Operands[0]), d.part(s.Operands[1]), d.part(s.Operands[2])
	in.a, in.b = d.src(unselected(s.Operands[1]), 'r'), d.src(unselected(s.Operands[2]), 'r')
	if len(s.Operands) == 4 {
		in.c = d.src(s.Operands[3], 'r')
	}
	in.d = d.dst(unselected(s.Operands[0]), 'r')
	in.exec = f.exec
}

func (f videoForm) exec(w *warp, in *inst, m uint32) {
	least, greatest := f.d.limits(f.dSigned)
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		a, b := f.a.of(w.r[in.a][i], f.aSigned), f.b.of(w.r[in.b][i], f.bSigned)
		if b = min(b, f.greatestShift); f.wrap {
			b &= 31
		}
		x := f.first(a, b)
		if f.saturate {
			x = max(least, min(x, greatest))
		}
		switch {
		case f.second != nil:
			x = f.second(x, part{0, 32}.of(w.r[in.c][i], f.dSigned))
		case f.merge:
			mask := uint32(1)<<f.d.width - 1
			x = int64(w.r[in.c][i]&^(mask<<f.d.shift) | uint32(x)&mask<<f.d.shift)
		}
		w.r[in.d][i] = uint32(x)
	}
}

// videoMad is vmad: the product and the sum are of more than 64 bits.
type videoMad struct {
	a, b                  part
	aSigned, bSigned      bool
	negateProduct, negate bool // negate: c
	plusOne, saturate     bool
	scale                 uint
}

// decodeVideoMad: vmad.dtype.atype.btype{.sat}{.scale} d, {-}a{.asel}, {-}b{.bsel}, {-}c and vmad...po (section "vmad").
func decodeVideoMad(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(4)
	signed, rest := d.videoTypes(s)
	f := videoMad{aSigned: signed[1], bSigned: signed[2], negateProduct: s.Operands[1].Not != s.Operands[2].Not, negate: s.Operands[3].Not}
	for _, m := range rest {
		switch m {
		case "po":
			f.plusOne = true
		case "sat":
			f.saturate = true
		case "shr7":
			f.scale = 7
		case "shr15":
			f.scale = 15
		default:
			d.fail("%w", ErrUnknownInstruction)
		}
	}
	if (f.negateProduct || f.negate) && f.plusOne || f.negateProduct && f.negate {
		d.fail("no more than one of the product, c and .po may be negated or given")
	}
	s1, s2 := s.Operands[1], s.Operands[2]
	in.a, in.b, in.c = d.src(unselected(s1), 'r'), d.src(unselected(s2), 'r'), d.src(unselected(s.Operands[3]), 'r')
	s1.Not, s2.Not = false, false // negateProduct has them
	f.a, f.b = d.part(s1), d.part(s2)
	in.d = d.dst(s.Operands[0], 'r')
	in.exec = f.exec
}

func (f videoMad) exec(w *warp, in *inst, m uint32) {
	signed := f.aSigned || f.bSigned || f.negateProduct || f.negate
	least, greatest := part{0, 32}.limits(signed)
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		a, b, c := f.a.of(w.r[in.a][i], f.aSigned), f.b.of(w.r[in.b][i], f.bSigned), w.r[in.c][i]
		low, high := uint64(a*b), uint64(mulHiS64(a, b))
		one := uint64(bit(f.plusOne || f.negateProduct || f.negate))
		if f.negateProduct {
			low, high = ^low, ^high
		}
		if f.negate {
			c = ^c
		}
		addend := part{0, 32}.of(c, signed)
		low, carry := bits.Add64(low, uint64(addend), 0)
		high += uint64(addend>>63) + carry
		low, carry = bits.Add64(low, one, 0)
		high += carry
		low, high = low>>f.scale|high<<(64-f.scale), uint64(int64(high)>>f.scale)
		if f.saturate {
			switch fits := int64(high) == int64(low)>>63; {
			case int64(high) < 0 && (!fits || int64(low) < least):
				low = uint64(least)
			case int64(high) >= 0 && (!fits || int64(low) > greatest):
				low = uint64(greatest)
			}
		}
		w.r[in.d][i] = uint32(low)
	}
}

// videoSIMD is a video instruction on two half-words or four bytes (section "SIMD Video Instructions").
type videoSIMD struct {
	first                     func(a, b int64) int64
	width                     uint
	a, b                      []int  // of each part of the result: which of a's and b's, b's above a's
	mask                      []bool // parts of the result that are computed
	aSigned, bSigned, dSigned bool
	saturate, add             bool
}

// decodeVideoSIMD: vopN.dtype.atype.btype{.sat,.add} d{.mask}, a{.asel}, b{.bsel}, c.
func decodeVideoSIMD(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(4)
	signed, rest := d.videoTypes(s)
	name, n := s.Op.Name[:len(s.Op.Name)-1], int(s.Op.Name[len(s.Op.Name)-1]-'0')
	f := videoSIMD{first: videoOperations[name], width: uint(32 / n), dSigned: signed[0], aSigned: signed[1], bSigned: signed[2]}
	for i, m := range rest {
		switch {
		case m == "sat" && name != "vset" && !f.add:
			f.saturate = true
		case m == "add" && !f.saturate:
			f.add = true
		case name == "vset" && i == 0 && videoOperations[m] != nil && m[0] != 'v':
			f.first = videoOperations[m]
		default:
			d.fail("%w", ErrUnknownInstruction)
		}
	}
	if f.first == nil {
		d.fail("%w", ErrUnknownInstruction)
	}
	standard := []int{0, 1, 2, 3, 4, 5, 6, 7}
	f.mask = make([]bool, n)
	for _, i := range d.selection(s.Operands[0], 1, n, standard[:n]) {
		f.mask[i] = true
	}
	f.a, f.b = d.selection(s.Operands[1], n, 2*n, standard[:n]), d.selection(s.Operands[2], n, 2*n, standard[n:2*n])
	in.a, in.b, in.c = d.src(unselected(s.Operands[1]), 'r'), d.src(unselected(s.Operands[2]), 'r'), d.src(s.Operands[3], 'r')
	in.d = d.dst(unselected(s.Operands[0]), 'r')
	in.exec = f.exec
}

// selection reads a selector such as .h10 or .b7654, whose digits begin with the highest part: at least least of them, each below limit. Without
// one it is the standard, which has as many as there are parts.
func (d *decoder) selection(o ptx.Operand, least, limit int, standard []int) []int {
	if o.Name == "" {
		return standard
	}
	n := len(standard)
	letter := map[int]string{2: "h", 4: "b"}[n]
	digits, found := strings.CutPrefix(o.Name, letter)
	var all []int
	for _, c := range digits {
		all = append(all, int(c-'0'))
	}
	slices.Reverse(all)
	outside := func(i int) bool { return i < 0 || i >= limit }
	if !found || o.Not || len(all) < least || len(all) > n || slices.ContainsFunc(all, outside) {
		d.fail("the selector .%s is not one of %d parts", o.Name, n)
	}
	return all
}

func (f videoSIMD) exec(w *warp, in *inst, m uint32) {
	least, greatest := part{0, f.width}.limits(f.dSigned)
	pick := func(both uint64, i int, signed bool) int64 {
		return part{0, f.width}.of(uint32(both>>(uint(i)*f.width)), signed)
	}
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		both, c := uint64(w.r[in.b][i])<<32|uint64(w.r[in.a][i]), w.r[in.c][i]
		result := c
		for j, computed := range f.mask {
			if !computed {
				continue
			}
			x := f.first(pick(both, f.a[j], f.aSigned), pick(both, f.b[j], f.bSigned))
			if f.saturate {
				x = max(least, min(x, greatest))
			}
			if f.add {
				result += uint32(x)
				continue
			}
			mask := uint32(1)<<f.width - 1
			result = result&^(mask<<(uint(j)*f.width)) | uint32(x)&mask<<(uint(j)*f.width)
		}
		w.r[in.d][i] = result
	}
}
