package sim_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// format is a binary floating-point format: precision in bits with the hidden one, and the range of exponents of its normal numbers.
// The lowest spare bits of the stored form are zero.
type format struct {
	bits, precision, least, greatest, spare int
}

var formats = map[string]format{
	"f16":  {16, 11, -14, 15, 0},
	"bf16": {16, 8, -126, 127, 0},
	"tf32": {32, 11, -126, 127, 13},
	"f32":  {32, 24, -126, 127, 0},
	"f64":  {64, 53, -1022, 1023, 0},
}

// exact is a precision in which sums of products of doubles are not rounded.
const exact = 4400

func (f format) exponentBits() int { return f.bits - f.spare - f.precision }
func (f format) fraction() int     { return f.precision - 1 + f.spare }
func (f format) sign() uint64      { return 1 << (f.bits - 1) }
func (f format) infinity() uint64 {
	return (1<<f.exponentBits() - 1) << f.fraction()
}
func (f format) isNaN(b uint64) bool { return b&^f.sign() > f.infinity() }

// canonicalNaN is the NaN that arithmetic gives: all bits set but the sign; the documentation leaves that of doubles open.
func (f format) canonicalNaN() uint64 { return f.sign() - 1 }

// value returns the number that the bits stand for. They must not be those of a NaN.
func (f format) value(b uint64) *big.Float {
	magnitude := b &^ f.sign()
	x := new(big.Float).SetPrec(exact)
	switch exponent := int(magnitude >> f.fraction()); {
	case magnitude >= f.infinity():
		x.SetInf(false)
	default:
		mantissa := magnitude & (1<<f.fraction() - 1)
		if exponent == 0 {
			exponent = 1
		} else {
			mantissa |= 1 << f.fraction()
		}
		x.SetUint64(mantissa)
		x.SetMantExp(x, exponent-1+f.least-f.fraction())
	}
	if b&f.sign() != 0 {
		x.Neg(x)
	}
	return x
}

// encode rounds an exact number to the format. Modes: rn, rz, rm, rp, and rna, to nearest with ties away from zero.
func (f format) encode(x *big.Float, mode string) uint64 {
	sign := uint64(0)
	if x.Signbit() {
		sign = f.sign()
	}
	if x.Sign() == 0 {
		return sign
	}
	if x.IsInf() {
		return sign | f.infinity()
	}
	exponent := x.MantExp(nil) - 1
	unit := max(exponent, f.least) - (f.precision - 1)
	scaled := new(big.Float).SetPrec(exact).Abs(x)
	scaled.SetMantExp(scaled, -unit)
	count := roundToInteger(scaled, mode, x.Signbit())

	limit := new(big.Int).Lsh(big.NewInt(1), uint(f.precision))
	if count.Cmp(limit) >= 0 { // rounded up into the next binade
		count.Rsh(count, 1)
		unit++
	}
	if unit+f.precision-1 > f.greatest {
		toZero := mode == "rz" || mode == "rm" && sign == 0 || mode == "rp" && sign != 0
		if toZero {
			return sign | f.infinity() - 1<<f.spare
		}
		return sign | f.infinity()
	}
	mantissa := count.Uint64()
	biased := uint64(0)
	if mantissa >= 1<<(f.precision-1) {
		biased = uint64(unit + f.precision - 1 - f.least + 1)
		mantissa -= 1 << (f.precision - 1)
	}
	return sign | biased<<f.fraction() | mantissa<<f.spare
}

// roundToInteger rounds the magnitude of a number whose sign is known.
func roundToInteger(magnitude *big.Float, mode string, negative bool) *big.Int {
	n, accuracy := magnitude.Int(nil)
	if accuracy == big.Exact {
		return n
	}
	rest := new(big.Float).SetPrec(exact).Sub(magnitude, new(big.Float).SetPrec(exact).SetInt(n))
	half := rest.Cmp(big.NewFloat(0.5))
	up := false
	switch mode {
	case "rn", "rni":
		up = half > 0 || half == 0 && n.Bit(0) == 1
	case "rna":
		up = half >= 0
	case "rm", "rmi":
		up = negative
	case "rp", "rpi":
		up = !negative
	}
	if up {
		n.Add(n, big.NewInt(1))
	}
	return n
}

// compute evaluates an expression of exact numbers; what has no value (0/0 and its like) is a NaN.
func (f format) compute(mode string, args []uint64, expression func(z *big.Float, x []*big.Float) *big.Float) (result uint64) {
	values := make([]*big.Float, len(args))
	for i, a := range args {
		if f.isNaN(a) {
			return f.canonicalNaN()
		}
		values[i] = f.value(a)
	}
	defer func() {
		if problem := recover(); problem != nil {
			if _, ok := problem.(big.ErrNaN); !ok {
				panic(problem)
			}
			result = f.canonicalNaN()
		}
	}()
	return f.encode(expression(new(big.Float).SetPrec(exact), values), mode)
}

// sum adds exactly. A zero of terms with different signs is positive, but negative when rounding down.
func sum(x, y *big.Float, mode string) *big.Float {
	z := new(big.Float).SetPrec(exact).Add(x, y)
	if z.Sign() == 0 && x.Signbit() != y.Signbit() && (mode == "rm") != z.Signbit() {
		z.Neg(z)
	}
	return z
}

// flushed is a zero of the same sign in the place of a subnormal number.
func (f format) flushed(b uint64) uint64 {
	if b&f.infinity() == 0 {
		return b & f.sign()
	}
	return b
}

// saturated clamps to [0, 1]; a NaN becomes 0.
func (f format) saturated(b uint64) uint64 {
	one := f.encode(big.NewFloat(1), "rn")
	switch {
	case f.isNaN(b), b&f.sign() != 0:
		return 0
	case b > one:
		return one
	}
	return b
}

// relu clamps negative numbers to zero; a NaN becomes the canonical one.
func (f format) relu(b uint64) uint64 {
	switch {
	case f.isNaN(b):
		return f.canonicalNaN()
	case b&f.sign() != 0:
		return 0
	}
	return b
}

// order maps numbers to integers of the same order, with -0 below +0.
func (f format) order(b uint64) int64 {
	if b&f.sign() != 0 {
		return -int64(b&^f.sign()) - 1
	}
	return int64(b)
}

// extreme is min or max. With propagate a NaN wins, else the number beside it.
func (f format) extreme(a, b uint64, greatest, propagate bool) uint64 {
	switch {
	case f.isNaN(a) && f.isNaN(b), propagate && (f.isNaN(a) || f.isNaN(b)):
		return f.canonicalNaN()
	case f.isNaN(a):
		return b
	case f.isNaN(b):
		return a
	case (f.order(a) > f.order(b)) == greatest:
		return a
	}
	return b
}

// TestReferenceRounding holds the references against the processor's own arithmetic.
func TestReferenceRounding(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	single := func(x uint64) float64 { return float64(math.Float32frombits(uint32(x))) }
	double := math.Float64frombits
	cases := []struct {
		name string
		f    format
		from func(uint64) float64
		op   func(a, b float64) float64
	}{
		{"add", formats["f32"], single, func(a, b float64) float64 { return float64(float32(a) + float32(b)) }},
		{"mul", formats["f32"], single, func(a, b float64) float64 { return float64(float32(a) * float32(b)) }},
		{"div", formats["f32"], single, func(a, b float64) float64 { return float64(float32(a) / float32(b)) }},
		{"add", formats["f64"], double, func(a, b float64) float64 { return a + b }},
		{"sub", formats["f64"], double, func(a, b float64) float64 { return a - b }},
		{"mul", formats["f64"], double, func(a, b float64) float64 { return a * b }},
		{"div", formats["f64"], double, func(a, b float64) float64 { return a / b }},
		{"sqrt", formats["f64"], double, func(a, _ float64) float64 { return math.Sqrt(a) }},
		{"fma", formats["f64"], double, func(a, b float64) float64 { return math.FMA(a, b, -1) }},
	}
	minusOne := formats["f64"].encode(big.NewFloat(-1), "rn")
	for _, c := range cases {
		typ := map[int]string{32: "f32", 64: "f64"}[c.f.bits]
		values := specials(typ)
		for range 500 {
			values = append(values, random(r, typ))
		}
		for i, a := range values {
			b := values[(i*31+7)%len(values)]
			args := map[string][]uint64{"sqrt": {a}, "fma": {a, b, minusOne}}[c.name]
			if args == nil {
				args = []uint64{a, b}
			}
			got, _ := floatReference(c.name, nil, c.f, args)
			want := c.op(c.from(a), c.from(b))
			if math.IsNaN(want) {
				require.True(t, c.f.isNaN(got), "%s %x %x", c.name, a, b)
				continue
			}
			require.False(t, c.f.isNaN(got))
			require.Equal(t, math.Float64bits(want), math.Float64bits(c.from(got)), "%s %x %x", c.name, a, b)
		}
	}
}
