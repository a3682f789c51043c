package kernels

// pick sums the products of gradients with one of four values each,
//
//	sums[t·filters + k] += Σ_w values[w·filters + k] · candidates[w][t][index[w·filters + k]],
//	candidates[w][t][i] = x[bases[w] + offsets[t·pickPlaces + i]],
//
// over windows w, for taps t and filters k: the gradient of a few taps by a pool of at most four places, without lists. The assembly
// reads the fields by their offsets.
type pick struct {
	x          []float32
	bases      []int32
	offsets    []int32 // of all taps
	candidates []float32
	values     []float32
	index      []int32
	sums       []float32

	windows, taps, filters int // taps is the number that is summed at once, up to pickTaps
	allTaps                int
}

const (
	pickTaps    = 9
	pickPlaces  = 4
	pickFilters = 8 // that are summed at once
)

// run computes the sums of all taps.
func (p pick) run() {
	if cpu == portable {
		p.portable()
		return
	}
	pickCandidatesAVX2(&p)
	sums, candidates := p.sums, p.candidates
	for first := 0; first < p.allTaps; first += p.taps {
		p.taps = min(pickTaps, p.allTaps-first)
		p.sums, p.candidates = sums[first*p.filters:], candidates[first*pickPlaces:]
		pickSumsAVX2(&p)
	}
}

func (p *pick) portable() {
	for w := range p.windows {
		base := int(p.bases[w])
		for t := range p.allTaps {
			var candidates [pickPlaces]float32
			for i, offset := range p.offsets[t*pickPlaces : (t+1)*pickPlaces] {
				candidates[i] = p.x[base+int(offset)]
			}
			sums := p.sums[t*p.filters : (t+1)*p.filters]
			values, index := p.values[w*p.filters:][:len(sums)], p.index[w*p.filters:][:len(sums)]
			for k := range sums {
				sums[k] += values[k] * candidates[index[k]&(pickPlaces-1)]
			}
		}
	}
}

// pickedGrad is the code of Conv2DPoolGrad for few taps and small pools, where the gradient by the input is not needed.
type pickedGrad struct {
	Conv2D
	pool           Pool2D
	in             image
	slices         int // of the batch, as in sparseGrad
	bases, offsets []int32
}

// canPick says whether few enough values are picked from, all inside the image.
func canPick(g Conv2D, pool Pool2D) bool {
	const mostTaps = 3 * pickTaps
	return g.depth() <= mostTaps && pool.R*pool.S <= pickPlaces && g.K%pickFilters == 0 && pool.isInside()
}

func newPickedGrad(g Conv2D, pool Pool2D) *pickedGrad {
	p := &pickedGrad{Conv2D: g, pool: pool, in: g.input(), slices: gradSlices(g.N, g.weights())}
	place := func(row, column int) int32 {
		return int32((row*g.StrideH*p.in.width + column*g.StrideW) * g.C)
	}
	for row := range pool.P {
		for column := range pool.Q {
			p.bases = append(p.bases, place(row*pool.StrideH, column*pool.StrideW))
		}
	}
	for r := range g.R {
		for s := range g.S {
			for c := range g.C {
				var offsets [pickPlaces]int32 // places that the pool does not have are never picked
				for i := range pool.R * pool.S {
					offsets[i] = place(i/pool.S*pool.DilationH, i%pool.S*pool.DilationW) + int32((r*g.DilationH*p.in.width+s*g.DilationW)*g.C+c)
				}
				p.offsets = append(p.offsets, offsets[:]...)
			}
		}
	}
	return p
}

// pickWindows is the number of windows that are worked on together: what they need stays in the L1 cache.
const pickWindows = 32

// scratch is the number of values that a worker needs: the candidates, and an image if it is padded.
func (p *pickedGrad) scratch() int {
	n := pickWindows * len(p.offsets)
	if p.in.isPadded() {
		n += p.in.size()
	}
	return n
}

func (p *pickedGrad) run(mem []Mem, w *Workers) {
	sums, scratch := split(w.Scratch(), p.slices*p.weights())
	pooled := len(p.bases) * p.K
	w.Run(p.slices, func(worker, slice int) {
		dw := sums[slice*p.weights() : (slice+1)*p.weights()]
		clear(dw)
		candidates, padded := split(scratch[worker*p.scratch():(worker+1)*p.scratch()], pickWindows*len(p.offsets))
		for n := p.N * slice / p.slices; n < p.N*(slice+1)/p.slices; n++ {
			x := p.in.of(mem[2].F32, n, n+1, padded)
			for first := 0; first < len(p.bases); first += pickWindows {
				windows := min(pickWindows, len(p.bases)-first)
				lo, hi := n*pooled+first*p.K, n*pooled+(first+windows)*p.K
				pick{
					x: x, bases: p.bases[first:], offsets: p.offsets, candidates: candidates,
					values: mem[0].F32[lo:hi], index: mem[1].I32[lo:hi], sums: dw,
					windows: windows, filters: p.K, allTaps: p.depth(),
				}.run()
			}
		}
	})
	dw := mem[3].F32
	for slice := range p.slices {
		add(dw, dw, sums[slice*len(dw):(slice+1)*len(dw)])
	}
}
