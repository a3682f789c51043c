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
	bases, offsets []int32
}

// canPick says whether few enough values are picked from, all inside the image.
func canPick(g Conv2D, pool Pool2D) bool {
	const mostTaps = 3 * pickTaps
	return g.depth() <= mostTaps && pool.R*pool.S <= pickPlaces && g.K%pickFilters == 0 && pool.isInside()
}

func newPickedGrad(g Conv2D, pool Pool2D) *pickedGrad {
	p := &pickedGrad{Conv2D: g, pool: pool, in: g.input()}
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

func (p *pickedGrad) slice(slicing Slicing) *Slice {
	return &Slice{
		Slicing: slicing, Batched: []int{0, 1, 2}, Scratch: p.scratch(), Sums: p.weights(),
		Run: func(_ int, mem []Mem, images int, scratch, sums []float32) {
			for n := range images {
				p.image(mem, n, sums, scratch)
			}
		},
		Add: func(mem []Mem, sums []float32, _ *Workers) {
			dw := mem[3].F32
			for at := 0; at < len(sums); at += len(dw) {
				add(dw, dw, sums[at:at+len(dw)])
			}
		},
	}
}

// image adds image n's part of the gradient to dw.
func (p *pickedGrad) image(mem []Mem, n int, dw, scratch []float32) {
	candidates, padded := split(scratch, pickWindows*len(p.offsets))
	x := p.in.of(mem[2].F32, n, n+1, padded)
	pooled := len(p.bases) * p.K
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
