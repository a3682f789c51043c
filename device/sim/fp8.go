package sim

import "math"

// The two formats of 8 bits (Micikevicius et al., "FP8 Formats for Deep Learning", 2022). e5m2 is the upper half of a half-precision
// number. e4m3 has no infinities and one NaN of each sign, so that its largest number is 448.
const (
	maxE4M3 = 448
	maxE5M2 = 57344
)

func e5m2(v uint32) float64 { return f16(v << 8) }

func e4m3(v uint32) float64 {
	if v&0x7f == 0x7f {
		return math.NaN()
	}
	return f16(v&0x80<<8|v&0x7f<<7) * 256 // the exponents of half precision are 8 lower
}

// e4m3Bits and e5m2Bits round to nearest; what lies beyond the largest number becomes it (.satfinite, without which PTX has no
// conversion to them).
func e4m3Bits(v float64) uint32 {
	v = max(-maxE4M3, min(v, maxE4M3))
	if math.Abs(v) >= 256 { // the exponent that other formats keep for infinities
		return toSmall(v/2, 4, 3, toNearest) + 8
	}
	return toSmall(v, 4, 3, toNearest)
}

func e5m2Bits(v float64) uint32 { return toSmall(max(-maxE5M2, min(v, maxE5M2)), 5, 2, toNearest) }
