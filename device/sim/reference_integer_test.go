package sim_test

import (
	"math/big"
)

// integer is an integer type of PTX.
type integer struct {
	bits   uint
	signed bool
}

func (t integer) mask() uint64 { return ^uint64(0) >> (64 - t.bits) }

// value returns the number that the low bits stand for.
func (t integer) value(b uint64) *big.Int {
	b &= t.mask()
	if t.signed && b>>(t.bits-1) != 0 {
		return new(big.Int).SetInt64(int64(b | ^t.mask()))
	}
	return new(big.Int).SetUint64(b)
}

// wrap returns the low bits of a number in two's complement.
func (t integer) wrap(x *big.Int) uint64 {
	modulus := new(big.Int).Lsh(big.NewInt(1), t.bits)
	return new(big.Int).Mod(x, modulus).Uint64()
}

func (t integer) limits() (least, greatest *big.Int) {
	if !t.signed {
		return new(big.Int), new(big.Int).SetUint64(t.mask())
	}
	half := new(big.Int).Lsh(big.NewInt(1), t.bits-1)
	return new(big.Int).Neg(half), new(big.Int).Sub(half, big.NewInt(1))
}

// clamp returns the number of the type that is nearest.
func (t integer) clamp(x *big.Int) *big.Int {
	least, greatest := t.limits()
	if x.Cmp(least) < 0 {
		return least
	}
	if x.Cmp(greatest) > 0 {
		return greatest
	}
	return x
}

// unspecified is the answer of a reference where the documentation leaves the result open.
const unspecified = "unspecified"

// integerReference evaluates an integer instruction from its description in the PTX ISA. The string is
// empty or says unspecified.
func integerReference(name string, modifiers []string, t integer, a []uint64) (uint64, string) {
	has := func(m string) bool {
		for _, x := range modifiers {
			if x == m {
				return true
			}
		}
		return false
	}
	x := make([]*big.Int, len(a))
	for i := range a {
		x[i] = t.value(a[i])
	}
	z := new(big.Int)
	product := func(bits uint, shift uint) *big.Int {
		n := integer{bits, t.signed}
		p := new(big.Int).Mul(n.value(a[0]), n.value(a[1]))
		p.Rsh(p, shift)
		if bits == 24 {
			p = integer{32, t.signed}.value(integer{32, t.signed}.wrap(p))
		}
		return p
	}
	width := t.bits
	switch name {
	case "add":
		z.Add(x[0], x[1])
	case "sub":
		z.Sub(x[0], x[1])
	case "mul", "mad", "mul24", "mad24":
		bits := map[bool]uint{true: 24, false: width}[name == "mul24" || name == "mad24"]
		shift := uint(0)
		if has("hi") && bits == 24 {
			shift = 16
		} else if has("hi") {
			shift = width
		}
		z = product(bits, shift)
		if has("wide") {
			width *= 2
		}
		if len(a) == 3 {
			z.Add(z, integer{width, t.signed}.value(a[2]))
		}
	case "sad":
		z.Abs(z.Sub(x[0], x[1]))
		z.Add(z, x[2])
	case "div", "rem":
		if x[1].Sign() == 0 {
			return 0, unspecified
		}
		r := new(big.Int)
		z.QuoRem(x[0], x[1], r)
		if name == "rem" {
			z = r
		}
	case "abs":
		z.Abs(x[0])
	case "neg":
		z.Neg(x[0])
	case "min", "max":
		z = x[0]
		if (x[0].Cmp(x[1]) < 0) != (name == "min") {
			z = x[1]
		}
		if has("relu") && z.Sign() < 0 {
			z = new(big.Int)
		}
	case "and":
		z.And(x[0], x[1])
	case "or":
		z.Or(x[0], x[1])
	case "xor":
		z.Xor(x[0], x[1])
	case "not":
		z.Not(x[0])
	case "cnot":
		if x[0].Sign() == 0 {
			z.SetInt64(1)
		}
	case "shl":
		z.Lsh(x[0], uint(min(uint32(a[1]), 64)))
	case "shr":
		z.Rsh(x[0], uint(min(uint32(a[1]), 64)))
	case "shf":
		n := uint(a[2] & 31)
		if has("clamp") {
			n = uint(min(uint32(a[2]), 32))
		}
		both := new(big.Int).SetUint64(a[1]&0xffffffff<<32 | a[0]&0xffffffff)
		if has("l") {
			z.Rsh(both.Lsh(both, n), 32)
		} else {
			z.Rsh(both, n)
		}
	case "popc", "clz", "brev":
		z.SetUint64(bitReference(name, a[0]&t.mask(), width))
	case "bfind":
		d := a[0]
		if x[0].Sign() < 0 {
			d = ^d
		}
		place := int64(0xffffffff)
		for i := uint(0); i < width; i++ {
			if d&t.mask()>>i&1 != 0 {
				place = int64(i)
			}
		}
		if has("shiftamt") && place != 0xffffffff {
			place = int64(width) - 1 - place
		}
		return uint64(place), ""
	case "bfe":
		pos, length := uint(a[1]&0xff), uint(a[2]&0xff)
		return extractReference(a[0]&t.mask(), pos, length, t), ""
	case "bfi":
		pos, length := uint(a[2]&0xff), uint(a[3]&0xff)
		f := a[1] & t.mask()
		for i := uint(0); i < length && pos+i < width; i++ {
			f = f&^(1<<(pos+i)) | (a[0]>>i&1)<<(pos+i)
		}
		return f, ""
	case "bmsk":
		return uint64(maskReference(uint32(a[0]), uint32(a[1]), has("clamp"))), ""
	case "szext":
		return uint64(extendReference(uint32(a[0]), uint32(a[1]), has("clamp"), t.signed)), ""
	case "prmt":
		return permuteReference(modifiers[len(modifiers)-1], a), ""
	case "dp4a":
		sa, sb := modifiers[0] == "s32", modifiers[1] == "s32"
		z.Set(integer{32, true}.value(a[2]))
		for i := 0; i < 32; i += 8 {
			pa, pb := integer{8, sa}.value(a[0]>>i), integer{8, sb}.value(a[1]>>i)
			z.Add(z, pa.Mul(pa, pb))
		}
	case "dp2a":
		sa, sb := modifiers[1] == "s32", modifiers[2] == "s32"
		z.Set(integer{32, true}.value(a[2]))
		for i := uint(0); i < 2; i++ {
			from := i
			if has("hi") {
				from += 2
			}
			pa, pb := integer{16, sa}.value(a[0]>>(16*i)), integer{8, sb}.value(a[1]>>(8*from))
			z.Add(z, pa.Mul(pa, pb))
		}
	case "fns": // the pseudocode of fns
		base, offset := int(x[1].Int64()), int(int32(a[2]))
		if x[1].Cmp(big.NewInt(31)) > 0 {
			return 0, unspecified
		}
		var places []int
		for i := base; i >= 0 && i < 32; i += choose(offset < 0, -1, 1) {
			if x[0].Bit(i) == 1 {
				places = append(places, i)
			}
		}
		n := max(offset, -offset)
		switch {
		case offset == 0 && len(places) > 0 && places[0] == base:
			return uint64(base), ""
		case n >= 1 && n <= len(places):
			return uint64(places[n-1]), ""
		}
		return 0xffffffff, ""
	default:
		return 0, "no reference for " + name
	}
	if has("sat") {
		z = t.clamp(z)
	}
	return integer{width, t.signed}.wrap(z), ""
}

func bitReference(name string, x uint64, width uint) (n uint64) {
	leading := true
	for i := int(width) - 1; i >= 0; i-- {
		bit := x >> i & 1
		leading = leading && bit == 0
		switch {
		case name == "popc":
			n += bit
		case name == "clz" && leading:
			n++
		case name == "brev":
			n |= bit << (int(width) - 1 - i)
		}
	}
	return n
}

// extractReference is the pseudocode of bfe.
func extractReference(x uint64, pos, length uint, t integer) (d uint64) {
	msb := t.bits - 1
	sign := uint64(0)
	if t.signed && length > 0 {
		sign = x >> min(pos+length-1, msb) & 1
	}
	for i := uint(0); i <= msb; i++ {
		bit := sign
		if i < length && pos+i <= msb {
			bit = x >> (pos + i) & 1
		}
		d |= bit << i
	}
	return d
}

// maskReference is the pseudocode of bmsk.
func maskReference(a, b uint32, clamp bool) uint32 {
	first := ^uint32(0) << (a & 31)
	behind := ^uint32(0) << (a&31 + b&31)
	if clamp && a >= 32 {
		first = 0
	}
	if a&31+b&31 >= 32 || clamp && (a >= 32 || b >= 32) {
		behind = 0
	}
	return first &^ behind
}

// extendReference is the pseudocode of szext.
func extendReference(a, b uint32, clamp, signed bool) uint32 {
	large := clamp && b >= 32
	mask := ^uint32(0) << (b & 31)
	if large {
		mask = 0
	}
	if b&31 != 0 && !large && signed && a>>(b&31-1)&1 != 0 {
		return a | mask
	}
	return a &^ mask
}

// permuteReference is the table of prmt: which of the bytes b3..b0 (of a) and b7..b4 (of b) each byte of the result takes.
func permuteReference(mode string, a []uint64) (d uint64) {
	both := a[1]&0xffffffff<<32 | a[0]&0xffffffff
	tables := map[string][4]uint32{
		"f4e": {0x3210, 0x4321, 0x5432, 0x6543}, "b4e": {0x5670, 0x6701, 0x7012, 0x0123},
		"rc8": {0x0000, 0x1111, 0x2222, 0x3333}, "rc16": {0x1010, 0x3232, 0x1010, 0x3232},
		"ecl": {0x3210, 0x3211, 0x3222, 0x3333}, "ecr": {0x0000, 0x1110, 0x2210, 0x3210},
	}
	selectors := uint32(a[2])
	if table, special := tables[mode]; special {
		selectors = table[a[2]&3]
	}
	for i := 0; i < 4; i++ {
		s := selectors >> (4 * i) & 15
		b := both >> (8 * (s & 7)) & 0xff
		if s&8 != 0 {
			b = b >> 7 * 0xff
		}
		d |= b << (8 * i)
	}
	return d
}
