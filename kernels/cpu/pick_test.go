package cpu

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The values are whole numbers, so that the sums are exact.
func TestPick(t *testing.T) {
	used := variant
	defer func() { variant = used }()
	for _, variant = range Variants() {
		for taps := 1; taps <= 3*pickTaps; taps++ {
			for windows := 1; windows <= 9; windows++ {
				p := newPick(taps, windows, pickFilters*(1+windows%3))
				want := make([]float32, len(p.sums))
				for at := range want {
					want[at] = p.sums[at]
					k := at % p.filters
					for w, base := range p.bases {
						want[at] += p.values[w*p.filters+k] * p.x[base+p.taps[at/p.filters]+p.places[p.index[w*p.filters+k]]]
					}
				}
				p.run()
				assert.Equal(t, want, p.sums, "%d taps of %d windows on %s", taps, windows, variant)
				assert.EqualValues(t, canary, p.table[:cap(p.table)][len(p.table)], "%d taps of %d windows on %s: after the table", taps, windows, variant)
			}
		}
	}
}

// newPick returns a pick from an image that ends where the last value lies.
func newPick(taps, windows, filters int) pick {
	r := rand.New(rand.NewPCG(uint64(taps), uint64(windows)))
	whole := func(n int) []float32 {
		s := make([]float32, n)
		for i := range s {
			s[i] = float32(r.IntN(19) - 9)
		}
		return s
	}
	increasing := func(n int) []int32 {
		s := make([]int32, n)
		for i := 1; i < n; i++ {
			s[i] = s[i-1] + 1 + int32(r.IntN(3))
		}
		return s
	}
	p := pick{
		bases: increasing(windows), taps: increasing(taps), filters: filters, places: [pickPlaces]int32{0, 2, 7, 9},
		values: whole(windows * filters), sums: whole(taps * filters),
	}
	for i := range p.bases {
		p.bases[i] += 3
	}
	for range p.values {
		p.index = append(p.index, int32(r.IntN(pickPlaces)))
	}
	p.x = whole(int(p.bases[windows-1]+p.taps[taps-1]+p.places[pickPlaces-1]) + 1)
	entries := pickPlaces * tableEntries(p.bases, p.taps)
	p.table = append(make([]float32, entries, entries+1), canary)[:entries]
	return p
}
