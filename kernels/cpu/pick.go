package cpu

import "cnn-gpu/kernels"

// pick sums the products of gradients with one of four values each,
//
//	sums[t·filters + k] += Σ_w values[w·filters + k] · x[bases[w] + taps[t] + places[index[w·filters + k]]],
//
// over windows w, for taps t and filters k: the gradient of a few taps by a pool of at most four places, without lists. The bases and
// the taps increase. The assembly reads the fields by their offsets.
//
// All that may be picked from comes from one table,
//
//	table[j] = {x[bases[0] + j + places[0]], ..., x[bases[0] + j + places[3]]}.
type pick struct {
	x           []float32
	bases, taps []int32
	table       []float32
	values      []float32
	index       []int32
	sums        []float32
	filters     int
	places      [pickPlaces]int32
}

const (
	pickTaps    = 9 // that are summed at once
	pickPlaces  = 4
	pickFilters = 8 // that are summed at once, or twice as many by AVX-512
	pickEntries = 8 // of the table that are made at once
)

// run adds the sums of all taps.
func (p pick) run() {
	entries := tableEntries(p.bases, p.taps)
	if variant == portable || entries < pickEntries {
		p.portable()
		return
	}
	p.table = p.table[:entries*pickPlaces]
	pickTableAVX2(&p)
	taps, sums := p.taps, p.sums
	for first := 0; first < len(taps); first += pickTaps {
		p.taps, p.sums = taps[first:min(first+pickTaps, len(taps))], sums[first*p.filters:]
		if variant == avx512 {
			pickSumsAVX512(&p)
		} else {
			pickSumsAVX2(&p)
		}
	}
}

// tableEntries is the number of entries that the windows' taps need.
func tableEntries(bases, taps []int32) int {
	return int(bases[len(bases)-1] - bases[0] + taps[len(taps)-1] + 1)
}

func (p *pick) portable() {
	for w, base := range p.bases {
		for t, tap := range p.taps {
			var candidates [pickPlaces]float32
			for i, place := range p.places {
				candidates[i] = p.x[base+tap+place]
			}
			sums := p.sums[t*p.filters : (t+1)*p.filters]
			values, index := p.values[w*p.filters:][:len(sums)], p.index[w*p.filters:][:len(sums)]
			for k := range sums {
				sums[k] += values[k] * candidates[index[k]&(pickPlaces-1)]
			}
		}
	}
}

// pickedGrad is the code of conv2DPoolGrad for few taps and small pools, where the gradient by the input is not needed.
type pickedGrad struct {
	conv2D
	pool        pool2D
	in          image
	bases, taps []int32
	places      [pickPlaces]int32
	table       int // values of the largest table
}

// canPick says whether few enough values are picked from, all inside the image.
func canPick(g conv2D, pool pool2D) bool {
	const mostTaps = 3 * pickTaps
	return g.depth() <= mostTaps && pool.R*pool.S <= pickPlaces && g.K%pickFilters == 0 && pool.isInside()
}

func newPickedGrad(g conv2D, pool pool2D) *pickedGrad {
	p := &pickedGrad{conv2D: g, pool: pool, in: g.input(), taps: g.terms()}
	for row := range pool.P {
		for column := range pool.Q {
			p.bases = append(p.bases, int32(g.corner(row*pool.StrideH, column*pool.StrideW)))
		}
	}
	for i := range pool.R * pool.S { // places that the pool does not have are never picked
		p.places[i] = int32(g.corner(i/pool.S*pool.DilationH, i%pool.S*pool.DilationW))
	}
	for first := 0; first < len(p.bases); first += pickWindows {
		p.table = max(p.table, pickPlaces*tableEntries(p.bases[first:min(first+pickWindows, len(p.bases))], p.taps))
	}
	return p
}

// pickWindows is the number of windows that are worked on together: what they need stays in the L1 cache.
const pickWindows = 48

// scratch is the number of values that a worker needs: the table, and an image if it is padded.
func (p *pickedGrad) scratch() int { return p.table + p.in.paddedSize(1) }

// addSums adds sums to the gradient by the filters.
func (p *pickedGrad) addSums(mem []kernels.Mem, sums []float32, _ *Workers) {
	accumulate(mem[3].F32, sums)
}

// addImage adds image n's part of the gradient to dw.
func (p *pickedGrad) addImage(_ int, mem []kernels.Mem, n int, dy, dw, scratch []float32) {
	table, padded := split(scratch, p.table)
	x := p.in.pad(mem[2].F32, n, n+1, padded)
	pooled := len(p.bases) * p.K
	for first := 0; first < len(p.bases); first += pickWindows {
		windows := min(pickWindows, len(p.bases)-first)
		lo, hi := first*p.K, (first+windows)*p.K
		pick{
			x: x, bases: p.bases[first : first+windows], taps: p.taps, table: table,
			values: dy[lo:hi], index: mem[1].I32[n*pooled:][lo:hi], sums: dw, filters: p.K, places: p.places,
		}.run()
	}
}
