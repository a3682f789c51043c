package sim

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// smallFloat is a format of 8 bits as table 1 of "FP8 Formats for Deep Learning" gives it.
type smallFloat struct {
	name             string
	exponent, bias   int
	nan, infinity    byte // the first NaN of the positive numbers; no infinity is 0
	least, most      float64
	decode           func(uint32) float64
	encode           func(float64) uint32
	smallestOfNormal float64
}

var smallFloats = []smallFloat{
	{"e4m3", 4, 7, 0x7f, 0, 0x1p-9, 448, e4m3, e4m3Bits, 0x1p-6},
	{"e5m2", 5, 15, 0x7d, 0x7c, 0x1p-16, 57344, e5m2, e5m2Bits, 0x1p-14},
}

// value is sum of the bits by their places.
func (s smallFloat) value(b byte) float64 {
	fraction := 7 - s.exponent
	e, m := int(b&0x7f>>fraction), int(b)&(1<<fraction-1)
	v := math.Pow(2, float64(e-s.bias)) * (1 + float64(m)/float64(int(1)<<fraction))
	if e == 0 {
		v = math.Pow(2, float64(1-s.bias)) * float64(m) / float64(int(1)<<fraction)
	}
	switch {
	case b&0x7f >= s.nan:
		v = math.NaN()
	case s.infinity != 0 && b&0x7f == s.infinity:
		v = math.Inf(1)
	}
	if b >= 0x80 {
		v = -v
	}
	return v
}

func TestSmallFloats(t *testing.T) {
	for _, s := range smallFloats {
		var finite []byte
		for b := range 256 {
			want, got := s.value(byte(b)), s.decode(uint32(b))
			assert.True(t, want != want && got != got || math.Float64bits(want) == math.Float64bits(got), "%s: %02x is %v, not %v", s.name, b, want, got)
			if !math.IsInf(want, 0) && want == want {
				assert.EqualValues(t, b, s.encode(want), "%s: %02x", s.name, b)
				if b < 0x80 {
					finite = append(finite, byte(b))
				}
			}
		}
		for i, b := range finite[1:] {
			below := finite[i]
			lo, hi := s.value(below), s.value(b)
			tie := (lo + hi) / 2
			even := below
			if below&1 != 0 {
				even = b
			}
			for sign, bit := range map[float64]byte{1: 0, -1: 0x80} {
				assert.EqualValues(t, even|bit, s.encode(sign*tie), "%s: tie after %02x", s.name, below)
				assert.EqualValues(t, below|bit, s.encode(sign*math.Nextafter(tie, 0)), "%s: below the tie after %02x", s.name, below)
				assert.EqualValues(t, b|bit, s.encode(sign*math.Nextafter(tie, 1e9)), "%s: above the tie after %02x", s.name, below)
			}
		}
		last := finite[len(finite)-1]
		assert.Equal(t, s.most, s.value(last), s.name)
		assert.Equal(t, s.least, s.value(1), s.name)
		assert.Equal(t, s.smallestOfNormal, s.value(1<<(7-s.exponent)), s.name)
		for _, v := range []float64{s.most * 1.01, 1e30, math.Inf(1)} {
			assert.EqualValues(t, last, s.encode(v), "%s: %v", s.name, v)
			assert.EqualValues(t, last|0x80, s.encode(-v), "%s: %v", s.name, -v)
		}
		assert.EqualValues(t, 0x7f, s.encode(math.NaN()), s.name)
	}
}
