package sim

import (
	"math/bits"
	"slices"

	"cnn-gpu/device/sim/ptx"
)

// carryForm is one of the instructions that read or write the carry flag: add.cc, addc, sub.cc, subc, mad.cc, madc (section "Extended
// Precision Arithmetic Instructions"). A subtraction adds the complement, and the flag is the carry of that sum: set where nothing
// was borrowed. Programs see it where addc follows subc, as in the compiler's division of 128 bits.
type carryForm struct {
	subtract, multiply, high, signed, wide bool
	in, out                                bool
}

func decodeCarry(d *decoder, in *inst, s *ptx.Instruction) {
	mods := s.Op.Modifiers
	t := mods[len(mods)-1]
	f := carryForm{
		subtract: s.Op.Name[0] == 's', multiply: s.Op.Name[0] == 'm', high: s.Op.Has("hi"),
		in: s.Op.Name[len(s.Op.Name)-1] == 'c', out: s.Op.Has("cc"), signed: t[0] == 's', wide: t == "s64" || t == "u64",
	}
	for _, m := range mods {
		if !slices.Contains([]string{"cc", "hi", "lo", "s32", "u32", "s64", "u64"}, m) {
			d.fail("%w", ErrUnknownInstruction)
		}
	}
	if !f.in && !f.out {
		d.fail("%w", ErrUnknownInstruction)
	}
	classes := "rrrr"
	if f.wide {
		classes = "qqqq"
	}
	if !f.multiply {
		classes = classes[:3]
	}
	d.byClasses(in, classes)
	in.exec = f.exec
}

func (f carryForm) exec(w *warp, in *inst, m uint32) {
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		carry := uint64(bit(f.subtract))
		if f.in {
			carry = uint64(w.carry >> i & 1)
		}
		var sum, out uint64
		if f.wide {
			x, y := w.q[in.a][i], w.q[in.b][i]
			if f.multiply {
				x, y = f.product(x, y), w.q[in.c][i]
			}
			if f.subtract {
				y = ^y
			}
			sum, out = bits.Add64(x, y, carry)
			w.q[in.d][i] = sum
		} else {
			x, y := uint64(w.r[in.a][i]), uint64(w.r[in.b][i])
			if f.multiply {
				x, y = f.product(x, y), uint64(w.r[in.c][i])
			}
			if f.subtract {
				y = uint64(^uint32(y))
			}
			sum = x + y + carry
			out = sum >> 32
			w.r[in.d][i] = uint32(sum)
		}
		if f.out {
			w.carry = w.carry&^(1<<i) | uint32(out)<<i
		}
	}
}

// product gives the half of the product that the instruction adds.
func (f carryForm) product(x, y uint64) uint64 {
	switch {
	case f.wide && !f.high:
		return x * y
	case f.wide && f.signed:
		return uint64(mulHiS64(int64(x), int64(y)))
	case f.wide:
		return mulHiU64(x, y)
	case !f.high:
		return uint64(uint32(x * y))
	case f.signed:
		return uint64(uint32(int64(int32(x)) * int64(int32(y)) >> 32))
	}
	return x * y >> 32
}
