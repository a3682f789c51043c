package sim

import "math"

// toSmall rounds v to a binary format with the given widths of exponent and fraction.
func toSmall(v float64, exponent, fraction int, mode rounding) uint32 {
	sign := uint32(math.Float64bits(v)>>63) << (exponent + fraction)
	infinity := uint32(1<<exponent-1) << fraction
	switch {
	case v != v:
		return 1<<(exponent+fraction) - 1
	case math.IsInf(v, 0):
		return sign | infinity
	case v == 0:
		return sign
	}
	bias := 1<<(exponent-1) - 1
	_, e := math.Frexp(v)
	unit := max(e-1, 1-bias) - fraction // exponent of one unit in the last place
	scaled := math.Ldexp(math.Abs(v), -unit)
	if v < 0 && mode != toZero { // rounding of the magnitude
		mode = [...]rounding{toNearest: toNearest, toMinusInf: toPlusInf, toPlusInf: toMinusInf}[mode]
	}
	scaled = roundToInteger(scaled, mode)
	// the hidden bit of scaled carries into the exponent
	r := int64(scaled) + int64(unit+fraction-1+bias)<<fraction
	if r >= int64(infinity) {
		if mode == toZero || mode == toMinusInf {
			return sign | infinity - 1
		}
		return sign | infinity
	}
	return sign | uint32(r)
}

func f16Bits(v float64) uint32     { return toSmall(v, 5, 10, toNearest) }
func f16BitsZero(v float64) uint32 { return toSmall(v, 5, 10, toZero) }

// bf16Bits has a short way for the values of float32, which are nearly all.
func bf16Bits(v float64) uint32 {
	if f := float32(v); float64(f) == v {
		u := math.Float32bits(f)
		return (u + 0x7fff + u>>16&1) >> 16
	}
	return toSmall(v, 8, 7, toNearest)
}

func bf16BitsZero(v float64) uint32 { return toSmall(v, 8, 7, toZero) }

// f16Value holds the value of each half-precision number.
var f16Value = func() *[1 << 16]float32 {
	t := new([1 << 16]float32)
	for h := range t {
		e, m := h>>10&31, h&1023
		v := math.Ldexp(float64(m|1024), e-25)
		switch {
		case e == 0:
			v = math.Ldexp(float64(m), -24)
		case e == 31 && m != 0:
			v = math.NaN()
		case e == 31:
			v = math.Inf(1)
		}
		if h&0x8000 != 0 {
			v = -v
		}
		t[h] = float32(v)
	}
	return t
}()

func f16ToF32(h uint32) float32 { return f16Value[h&0xffff] }
func f16(h uint32) float64      { return float64(f16Value[h&0xffff]) }
func bf16(h uint32) float64     { return float64(math.Float32frombits(h << 16)) }

func pairF16(a, b, c uint32, f func(a, b, c float64) float64) uint32 {
	return f16Bits(f(f16(a>>16), f16(b>>16), f16(c>>16)))<<16 | f16Bits(f(f16(a), f16(b), f16(c)))
}

func pairBF16(a, b, c uint32, f func(a, b, c float64) float64) uint32 {
	return bf16Bits(f(bf16(a>>16), bf16(b>>16), bf16(c>>16)))<<16 | bf16Bits(f(bf16(a), bf16(b), bf16(c)))
}

// The tf32 format is a float32 with the low 13 bits of the fraction zero. A NaN becomes the canonical one.
func tf32(a, add uint32) uint32 {
	if a&0x7f800000 == 0x7f800000 {
		if a&0x7fffff != 0 {
			return canonicalNaN
		}
		return a
	}
	return (a + add) &^ 0x1fff
}

func tf32Away(a uint32) uint32 { return tf32(a, 0x1000) }
func tf32Even(a uint32) uint32 { return tf32(a, 0xfff+a>>13&1) }
func tf32Zero(a uint32) uint32 { return tf32(a, 0) }

// flushF16 and flushBF16 are the .ftz modifier of half precision and bfloat16, for one number or two.
func flushF16(a uint32) uint32  { return flushTwo(a, 0x7c00) }
func flushBF16(a uint32) uint32 { return flushTwo(a, 0x7f80) }

func flushTwo(a, exponent uint32) uint32 {
	if a&exponent == 0 {
		a &^= 0x7fff
	}
	if a&(exponent<<16) == 0 {
		a &^= 0x7fff0000
	}
	return a
}
