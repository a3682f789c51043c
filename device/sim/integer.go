package sim

import "math/bits"

// The integer functions of the instruction table whose results in the corner cases differ from Go's operators.

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

func absDiff[T int32 | uint32 | int64 | uint64](a, b T) T {
	if a > b {
		return a - b
	}
	return b - a
}

func addSat(a, b int32) int32 { return int32(max(min(int64(a)+int64(b), 1<<31-1), -1<<31)) }
func subSat(a, b int32) int32 { return int32(max(min(int64(a)-int64(b), 1<<31-1), -1<<31)) }

// Division by zero is undefined in PTX; these are the values that the compiled division gives.
func divS32(a, b int32) int32 {
	if b == 0 {
		return -1
	}
	return int32(int64(a) / int64(b))
}

func remS32(a, b int32) int32 {
	if b == 0 {
		return a
	}
	return int32(int64(a) % int64(b))
}

func divU32(a, b uint32) uint32 {
	if b == 0 {
		return 1<<32 - 1
	}
	return a / b
}

func remU32(a, b uint32) uint32 {
	if b == 0 {
		return a
	}
	return a % b
}

func divS64(a, b int64) int64 {
	if b == 0 {
		return -1
	}
	return a / b
}

func remS64(a, b int64) int64 {
	if b == 0 {
		return a
	}
	return a % b
}

func divU64(a, b uint64) uint64 {
	if b == 0 {
		return 1<<64 - 1
	}
	return a / b
}

func remU64(a, b uint64) uint64 {
	if b == 0 {
		return a
	}
	return a % b
}

func mulHiU64(a, b uint64) uint64 {
	hi, _ := bits.Mul64(a, b)
	return hi
}

func mulHiS64(a, b int64) int64 {
	hi, _ := bits.Mul64(uint64(a), uint64(b))
	return int64(hi) - a>>63&b - b>>63&a
}

// bfind gives the index of the highest set bit, all ones for zero.
func bfind(a uint64) uint32 { return uint32(bits.Len64(a) - 1) }

// bfindShift gives the shift that brings the highest set bit to the top one.
func bfindShift(a uint64, top uint32) uint32 {
	if a == 0 {
		return 1<<32 - 1
	}
	return top - bfind(a)
}

// bfeU extracts n bits from bit p on; p and n use their low eight bits.
func bfeU(a uint64, p, n, width uint32) uint64 {
	p, n = p&255, min(n&255, width)
	return a >> p & (1<<n - 1)
}

// bfeS fills up with the highest bit of the field, or that of a where the field reaches over its end.
func bfeS(a int64, p, n, width uint32) int64 {
	p, n = p&255, min(n&255, width)
	if n == 0 {
		return 0
	}
	return a >> min(p, 63) << (64 - n) >> (64 - n)
}

// bfi inserts the low n bits of a into b from bit p on.
func bfi(a, b uint64, p, n, width uint32) uint64 {
	p, n = p&255, min(n&255, width)
	mask := uint64(1)<<n - 1
	return b&^(mask<<p) | a&mask<<p
}

// prmt picks the bytes of the result from the eight of b:a by the four nibbles of s; bit 3 of a nibble spreads the sign.
func prmt(a, b, s uint32) uint32 {
	v := uint64(b)<<32 | uint64(a)
	var r uint32
	for i := 0; i < 32; i += 8 {
		sel := s >> (i / 2)
		x := uint32(v>>(sel&7*8)) & 255
		if sel&8 != 0 {
			x = uint32(int8(x)>>7) & 255
		}
		r |= x << i
	}
	return r
}

// clampSelectors gives prmt's selectors in the modes ecl and ecr.
func clampSelectors(c uint32, left bool) uint32 {
	var s uint32
	for i := range uint32(4) {
		k := min(i, c&3)
		if left {
			k = max(i, c&3)
		}
		s |= k << (4 * i)
	}
	return s
}

// dot4 is the dot product of four bytes, signed or not.
func dot4(a, b uint32, aSigned, bSigned bool) uint32 {
	value := func(x uint32, signed bool) int32 {
		if signed {
			return int32(int8(x))
		}
		return int32(x & 255)
	}
	var s int32
	for i := 0; i < 32; i += 8 {
		s += value(a>>i, aSigned) * value(b>>i, bSigned)
	}
	return uint32(s)
}

// dot2 is the dot product of two half-words of a and the lower two bytes of b, signed or not.
func dot2(a, b uint32, aSigned, bSigned bool) uint32 {
	var s uint32
	for i := range 2 {
		x, y := a>>(16*i)&0xffff, b>>(8*i)&0xff
		if aSigned {
			x = uint32(int16(x))
		}
		if bSigned {
			y = uint32(int8(y))
		}
		s += x * y
	}
	return s
}

// fns finds the n-th set bit of a mask from a base on, upwards or downwards; all ones if there is none.
func fns(mask, base uint32, n int32) uint32 {
	if n == 0 {
		if base < 32 && mask>>base&1 != 0 {
			return base
		}
		return fullMask
	}
	step, left := int64(1), int64(n)
	if n < 0 {
		step, left = -1, -left
	}
	for pos := int64(base); pos >= 0 && pos < 32; pos += step {
		if mask>>pos&1 != 0 {
			if left--; left == 0 {
				return uint32(pos)
			}
		}
	}
	return fullMask
}

func pairU16(a, b uint32, f func(a, b uint32) uint32) uint32 {
	return f(a>>16, b>>16)<<16 | f(a&0xffff, b&0xffff)&0xffff
}

func pairS16(a, b uint32, f func(a, b int32) int32) uint32 {
	return pairU16(a, b, func(a, b uint32) uint32 { return uint32(f(int32(int16(a)), int32(int16(b)))) })
}
