package sim

import (
	"math"
	"math/big"
)

// rounding is a rounding mode of PTX.
type rounding uint8

const (
	toNearest rounding = iota // ties to even
	toZero
	toMinusInf
	toPlusInf
	toNearestAway // cvt.rna
)

// canonicalNaN is the NaN that single-precision instructions give (PTX ISA, "Floating Point Instructions").
const canonicalNaN = 0x7fffffff

func f32Bits(a float32) uint32 {
	if a != a {
		return canonicalNaN
	}
	return math.Float32bits(a)
}

func f64Bits(a float64) uint64 {
	if a != a {
		return 0xfff8000000000000
	}
	return math.Float64bits(a)
}

// flush is the .ftz modifier: a subnormal number becomes a zero of its sign.
func flush(a float32) float32 {
	if u := math.Float32bits(a); u&0x7f800000 == 0 {
		return math.Float32frombits(u & 0x80000000)
	}
	return a
}

// sat clamps to [0, 1]; NaN becomes 0.
func sat[T float32 | float64](a T) T {
	if !(a > 0) {
		return 0
	}
	return min(a, 1)
}

// relu clamps negative numbers to zero and keeps NaN.
func relu(a float64) float64 {
	if a <= 0 {
		return 0
	}
	return a
}

func abs(a float32) float32 { return math.Float32frombits(math.Float32bits(a) &^ (1 << 31)) }

// minNum is IEEE 754-2008's minNum: a NaN loses against a number, -0 is less than +0.
func minNum[T float32 | float64](a, b T) T {
	switch {
	case a != a:
		return b
	case b != b:
		return a
	}
	return min(a, b)
}

func maxNum[T float32 | float64](a, b T) T {
	switch {
	case a != a:
		return b
	case b != b:
		return a
	}
	return max(a, b)
}

// xorSign gives v, which is not negative, the product of the signs of a and b.
func xorSign(v, a, b float32) float32 {
	return math.Float32frombits(math.Float32bits(v) | (math.Float32bits(a)^math.Float32bits(b))&(1<<31))
}

// xorSign64 is xorSign of a wider format.
func xorSign64(v, a, b float64) float64 {
	return math.Float64frombits(math.Float64bits(v) | (math.Float64bits(a)^math.Float64bits(b))&(1<<63))
}

// fma32 is the fused multiply-add, rounded once. The product of two float32 is exact in float64, and so is the float32 of their
// sum unless that sum, rounded to float64, lies half-way between two float32 or among the subnormal ones.
func fma32(a, b, c float32) float32 {
	p := float64(a) * float64(b)
	s := p + float64(c)
	if u := math.Float64bits(s); u&0x1fffffff == 0x10000000 || u&0x7ff0000000000000 <= 0x3800000000000000 {
		return float32(addOdd(p, float64(c)))
	}
	return float32(s)
}

// addOdd adds with rounding to odd: a second rounding of its result to 51 bits or fewer is as good as one of the exact sum
// (Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums", 2008).
func addOdd(a, b float64) float64 {
	s := a + b
	if math.IsInf(s, 0) || s != s {
		return s
	}
	t := s - a
	rest := (a - (s - t)) + (b - t)
	if u := math.Float64bits(s); rest != 0 && u&1 == 0 {
		if (rest > 0) == (s > 0) {
			u++
		} else {
			u--
		}
		s = math.Float64frombits(u)
	}
	return s
}

func addTo(a, b float32, mode rounding) float32 { return fmaTo(a, 1, b, mode) }

func fmaTo(a, b, c float32, mode rounding) float32 {
	p := float64(a) * float64(b)
	s := addOdd(p, float64(c))
	if s == 0 {
		return float32(zeroSum(p, float64(c), mode))
	}
	return round32(s, mode)
}

// zeroSum gives an exact sum of zero its sign: that of both operands, else minus only when rounding down.
func zeroSum(a, b float64, mode rounding) float64 {
	negative := mode == toMinusInf
	if a == 0 && math.Signbit(a) == math.Signbit(b) {
		negative = math.Signbit(a)
	}
	if negative {
		return math.Copysign(0, -1)
	}
	return 0
}

// round32 rounds v, which is exact or rounded to odd.
func round32(v float64, mode rounding) float32 {
	f := float32(v)
	if mode == toNearest || float64(f) == v || v != v {
		return f
	}
	above := float64(f) > v
	switch {
	case above && (mode == toMinusInf || mode == toZero && v > 0):
		return math.Nextafter32(f, float32(math.Inf(-1)))
	case !above && (mode == toPlusInf || mode == toZero && v < 0):
		return math.Nextafter32(f, float32(math.Inf(1)))
	}
	return f
}

// fma64To is a*b+c in double precision with a directed rounding, from the exact value.
func fma64To(a, b, c float64, mode rounding) float64 {
	if near := math.FMA(a, b, c); near != near || math.IsInf(a, 0) || math.IsInf(b, 0) || math.IsInf(c, 0) {
		return near
	}
	x := func(v float64) *big.Float { return new(big.Float).SetPrec(4300).SetFloat64(v) }
	sum := new(big.Float).SetPrec(4300).Mul(x(a), x(b))
	sum.Add(sum, x(c))
	if sum.Sign() == 0 {
		return zeroSum(a*b, c, mode)
	}
	return directed(sum, mode)
}

// directed rounds a number that is exact, or so near that nothing representable lies between.
func directed(x *big.Float, mode rounding) float64 {
	f, accuracy := x.Float64()
	switch {
	case accuracy == big.Above && (mode == toMinusInf || mode == toZero && x.Sign() > 0):
		return math.Nextafter(f, math.Inf(-1))
	case accuracy == big.Below && (mode == toPlusInf || mode == toZero && x.Sign() < 0):
		return math.Nextafter(f, math.Inf(1))
	}
	return f
}

// div64To is the quotient in double precision with a directed rounding.
func div64To(a, b float64, mode rounding) float64 {
	if a == 0 || b == 0 || a-a != 0 || b-b != 0 { // zero, infinite or no number: nothing is rounded
		return a / b
	}
	return directed(new(big.Float).SetPrec(300).Quo(big.NewFloat(a), big.NewFloat(b)), mode)
}

// sqrt64To is the square root in double precision with a directed rounding.
func sqrt64To(a float64, mode rounding) float64 {
	if !(a > 0) || math.IsInf(a, 1) {
		return math.Sqrt(a)
	}
	return directed(new(big.Float).SetPrec(300).Sqrt(big.NewFloat(a)), mode)
}

// mul64To adds a zero of the product's sign.
func mul64To(a, b float64, mode rounding) float64 {
	return fma64To(a, b, math.Copysign(0, math.Copysign(1, a)*math.Copysign(1, b)), mode)
}

// The approximations in double precision look only at the upper half of their operand and flush subnormal numbers.
func rcpApprox64(a float64) float64   { return upperHalf(1 / upperHalf(a)) }
func rsqrtApprox64(a float64) float64 { return upperHalf(1 / math.Sqrt(upperHalf(a))) }

func upperHalf(a float64) float64 {
	u := math.Float64bits(a) &^ (1<<32 - 1)
	if u&0x7ff0000000000000 == 0 {
		u &= 1 << 63
	}
	return math.Float64frombits(u)
}

// pair32 applies f to both halves of packed single-precision operands.
func pair32(a, b, c uint64, f func(a, b, c float32) float32) uint64 {
	x := func(v uint64) float32 { return math.Float32frombits(uint32(v)) }
	return uint64(f32Bits(f(x(a>>32), x(b>>32), x(c>>32))))<<32 | uint64(f32Bits(f(x(a), x(b), x(c))))
}

// flushPair is the .ftz modifier of packed single precision.
func flushPair(a uint64) uint64 {
	x := func(v uint64) uint64 { return uint64(f32Bits(flush(math.Float32frombits(uint32(v))))) }
	return x(a>>32)<<32 | x(a)
}
