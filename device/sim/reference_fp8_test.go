package sim_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// eightBits are the numbers of the formats of 8 bits, from their definition (Micikevicius et al., "FP8 Formats for Deep Learning", table 1):
// NaN where the bits are one, infinities where they are one.
var eightBits = map[string][256]float64{"e4m3": valuesOf(4, 3, 7), "e5m2": valuesOf(5, 2, 15)}

func valuesOf(exponentBits, fractionBits, bias int) (all [256]float64) {
	for b := range all {
		exponent, fraction := b>>fractionBits&(1<<exponentBits-1), float64(b&(1<<fractionBits-1))/float64(int(1)<<fractionBits)
		v := (1 + fraction) * math.Pow(2, float64(exponent-bias))
		if exponent == 0 {
			v = fraction * math.Pow(2, float64(1-bias))
		}
		switch top := exponent == 1<<exponentBits-1; {
		case top && exponentBits == 5 && fraction == 0:
			v = math.Inf(1)
		case top && exponentBits == 5, b&0x7f == 0x7f:
			v = math.NaN()
		}
		if b >= 0x80 {
			v = -v
		}
		all[b] = v
	}
	return all
}

// nearestOfEight finds the finite number that is nearest to x, of two the one with even bits.
func nearestOfEight(format string, x float64) uint64 {
	if x != x {
		return 0x7f
	}
	best, distance := uint64(0), math.Inf(1)
	for b, v := range eightBits[format] {
		if b >= 0x80 || v != v || math.IsInf(v, 0) {
			continue
		}
		gap := math.Abs(min(math.Abs(x), 1e9) - v)
		if gap < distance || gap == distance && b&1 == 0 {
			best, distance = uint64(b), gap
		}
	}
	if math.Signbit(x) {
		best |= 0x80
	}
	return best
}

// fp8Reference describes cvt to and from pairs of numbers of 8 bits.
func fp8Reference(to, from string, relu bool) (reference, bool) {
	positive := func(x float64) float64 {
		if relu && x <= 0 {
			return 0
		}
		return x
	}
	switch {
	case eightBits[laneOf(to)] != [256]float64{} && from == "f32":
		return reference{result: "b16", operands: []string{"f32", "f32"}, value: func(a []uint64) (uint64, string) {
			part := func(i int) uint64 {
				return nearestOfEight(laneOf(to), positive(float64(math.Float32frombits(uint32(a[i])))))
			}
			return part(0)<<8 | part(1), ""
		}}, true
	case eightBits[laneOf(to)] != [256]float64{}:
		return reference{result: "b16", operands: []string{"f16x2"}, value: func(a []uint64) (uint64, string) {
			part := func(bits uint64) uint64 {
				x := math.NaN()
				if f := formats["f16"]; !f.isNaN(bits) {
					x, _ = f.value(bits).Float64()
				}
				return nearestOfEight(laneOf(to), positive(x))
			}
			return part(a[0]>>16)<<8 | part(a[0]&0xffff), ""
		}}, true
	case eightBits[laneOf(from)] != [256]float64{}:
		return reference{result: "f16x2", operands: []string{"b16"}, value: func(a []uint64) (uint64, string) {
			part := func(bits uint64) uint64 {
				x := positive(eightBits[laneOf(from)][bits&0xff])
				if x != x {
					return 0x7fff
				}
				return formats["f16"].encode(new(big.Float).SetPrec(exact).SetFloat64(x), "rn")
			}
			return part(a[0]>>8)<<16 | part(a[0]), ""
		}}, true
	}
	return reference{}, false
}

// TestFP8 runs the conversions of 8 bits over all that there is: 65536 halves, and 256 numbers of 8 bits.
func TestFP8(t *testing.T) {
	d := sim.NewDevice(hopper(t), sim.Options{Workers: 2})
	for format, values := range eightBits {
		for _, relu := range []string{"", ".relu"} {
			name := "cvt.rn.satfinite" + relu + "." + format + "x2.f16x2"
			ref, _ := referenceFor(name)
			var inputs [][]uint64
			for h := range uint64(1 << 15) {
				inputs = append(inputs, []uint64{h<<17 | h<<1 | 1}) // even ones above odd ones
			}
			got := evaluate(t, d, body(name, ref), ref, inputs)
			for i, a := range inputs {
				want, _ := ref.value(a)
				require.Equal(t, want, got[i], "%s of %x", name, a[0])
			}

			name = "cvt.rn" + relu + ".f16x2." + format + "x2"
			ref, _ = referenceFor(name)
			inputs = nil
			for b := range uint64(256) {
				inputs = append(inputs, []uint64{b<<8 | (255 - b)})
			}
			got = evaluate(t, d, body(name, ref), ref, inputs)
			for i, a := range inputs {
				for lane := range 2 {
					x := values[a[0]>>(8*lane)&0xff]
					if relu != "" && x <= 0 {
						x = 0
					}
					h := got[i] >> (16 * lane) & 0xffff
					if x != x {
						require.EqualValues(t, 0x7fff, h, "%s of %x", name, a[0])
						continue
					}
					y, _ := formats["f16"].value(h).Float64()
					require.Equal(t, math.Float64bits(x), math.Float64bits(y), "%s of %x", name, a[0])
				}
			}
		}
	}
	require.Equal(t, 448.0, eightBits["e4m3"][0x7e])
	require.Equal(t, 57344.0, eightBits["e5m2"][0x7b])
	require.Equal(t, math.Pow(2, -9), eightBits["e4m3"][1])
	require.Equal(t, math.Pow(2, -16), eightBits["e5m2"][1])
}
