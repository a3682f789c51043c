package cpu

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The known answers of Random123, tests/kat_vectors, philox4x32 with 10 rounds.
func TestPhilox(t *testing.T) {
	const ones = 0xffffffff
	for _, v := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{ones, ones, ones, ones}, [2]uint32{ones, ones}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		assert.Equal(t, v.want, philox(v.counter, v.key))
	}
}

// What Box and Muller make of random words is normal: the first four moments, each within five standard deviations.
func TestBoxMuller(t *testing.T) {
	const n = 1 << 18
	var moments [5]float64
	for block := range uint32(n / 4) {
		words := philox([4]uint32{block}, [2]uint32{1, 2})
		a, b := boxMuller(words[0], words[1])
		c, d := boxMuller(words[2], words[3])
		for _, z := range []float64{a, b, c, d} {
			for k := range moments {
				moments[k] += math.Pow(z, float64(k)) / n
			}
		}
	}
	for k, want := range []float64{1, 0, 1, 0, 3} {
		variance := []float64{1e-20, 1, 2, 15, 96}[k] // of zᵏ
		assert.InDelta(t, want, moments[k], 5*math.Sqrt(variance/n), "z^%d", k)
	}
	a, b := boxMuller(math.MaxUint32, 0)
	assert.Zero(t, a)
	assert.Zero(t, b)
	a, _ = boxMuller(0, 0)
	assert.InDelta(t, math.Sqrt(2*24*math.Ln2), a, 1e-12)
}
