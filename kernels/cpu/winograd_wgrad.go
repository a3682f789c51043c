package cpu

import "cnn-gpu/kernels"

// winogradWgrad is the gradient by 3×3 filters by an algorithm of Winograd,
//
//	DW += Gᵀ [Σ_tiles (Bᵀ d B) ⊙ (A dy Aᵀ)] G,
//
// with as few products as the convolution takes: a matrix product over the tiles at each point (Lavin and Gray, 2016, section 4.1, turned
// round).
type winogradWgrad struct {
	conv2D
	in, out       image // X with all that the tiles reach, and DY in whole tiles
	code          winogradCode
	across, tiles int // in a row of tiles, in an image
	group         int // images that are computed together
	inPoint       int // values of a group's tiles of X at one point
	outPoint      int // and of DY, in panels of tileColumns channels
	sumsPoint     int // and of their products
	zeros         []float32
	aRows, cRows  []int
	isOpen        []bool // of [meetings]
}

// winogradWgradTile is the tile of the algorithm that computes the gradient by the filters with the least work, 0 if the sums as they stand
// are as good, too short for what the algorithm saves to pay for [meetings], or an image has too many tiles to keep; see [conv2D.winogradTile].
func (g conv2D) winogradWgradTile() int {
	const fewTerms = 512
	if g.N*g.P*g.Q < fewTerms {
		return 0
	}
	tile := g.winogradTile(g.P, g.Q)
	if kernels.CeilDiv(g.P, max(tile, 1))*kernels.CeilDiv(g.Q, max(tile, 1))*(tile+2)*(tile+2)*(g.C+paddedColumns(g.K)) > 1<<22 {
		return 0
	}
	return tile
}

func newWinogradWgrad(g conv2D, tile int) *winogradWgrad {
	w := &winogradWgrad{conv2D: g, code: winogradCodes[tile], across: kernels.CeilDiv(g.Q, tile), zeros: make([]float32, paddedColumns(g.K)), isOpen: make([]bool, 9*g.C)}
	w.in, w.out = g.tiled(tile)
	w.tiles = w.across * kernels.CeilDiv(g.P, tile)
	// The tiles of a group stay in the caches, but there are as many of their values as of the sums, which are read and written for each group.
	worthSums := max(32, g.C*g.K/(g.C+g.K))
	w.group = min(g.N, max(kernels.CeilDiv(worthSums, w.tiles), 1<<18/(w.points()*(g.C+paddedColumns(g.K))*w.tiles)))
	w.inPoint, w.outPoint = w.group*w.tiles*g.C+pointGap, w.group*w.tiles*paddedColumns(g.K)+pointGap
	w.sumsPoint = g.C*paddedColumns(g.K) + pointGap
	for c := range g.C {
		w.aRows, w.cRows = append(w.aRows, c), append(w.cRows, c*paddedColumns(g.K))
	}
	return w
}

func (w *winogradWgrad) points() int { return w.code.Points() * w.code.Points() }

// sums is the number of values of the transformed gradient.
func (w *winogradWgrad) sums() int { return w.points() * w.sumsPoint }

// padded is the number of values of a worker's padded images.
func (w *winogradWgrad) padded() int { return w.in.paddedSize(1) + w.out.paddedSize(1) }

// scratch is the number of values for the sums, the tiles of a group, and padded images.
func (w *winogradWgrad) scratch(workers int) int {
	return w.sums() + max(w.points()*(w.inPoint+w.outPoint)+workers*w.padded(), w.meetingsSize(workers))
}

func (w *winogradWgrad) run(mem []kernels.Mem, workers *Workers) {
	sums, rest := split(workers.Scratch(), w.sums())
	in, rest := split(rest, w.points()*w.inPoint)
	out, padded := split(rest, w.points()*w.outPoint)
	for first := 0; first < w.N; first += w.group {
		images := min(w.group, w.N-first)
		workers.Run(images, func(worker, n int) {
			own := padded[worker*w.padded() : (worker+1)*w.padded()]
			w.transform(mem[0].F32, mem[1].F32, in, out, own, first+n, n)
		})
		workers.Run(w.points(), func(_, point int) {
			start := w.zeros
			if first > 0 {
				start = nil
			}
			w.multiply(sums[point*w.sumsPoint:], start, in[point*w.inPoint:], out[point*w.outPoint:], images*w.tiles)
		})
	}
	met := w.newMeetings(workers.Scratch()[w.sums():], w.isOpen, workers.Count())
	met.find(mem[0].F32, mem[1].F32, workers)
	parts := min(w.C, 2*workers.Count())
	workers.Run(parts, func(_, part int) {
		lo, hi := w.C*part/parts, w.C*(part+1)/parts
		unmet := met.unmet(mem[2].F32, lo, hi)
		w.code.run(winogradWeights, &winogradTransform{
			src: sums[lo*paddedColumns(w.K):], srcRow: w.code.Points() * w.sumsPoint, srcCol: w.sumsPoint, srcTile: paddedColumns(w.K),
			dst: mem[2].F32[lo*w.K:], dstRow: 3 * w.C * w.K, dstCol: w.C * w.K, dstTile: w.K,
			tiles: hi - lo, vectors: w.K / winogradVector,
		})
		restore(mem[2].F32, unmet)
	})
}

// transform transforms the tiles of image n of the batch, which has index i in the group.
func (w *winogradWgrad) transform(x, dy, in, out, padded []float32, n, i int) {
	paddedIn, paddedOut := split(padded, w.in.paddedSize(1))
	x, dy = w.in.pad(x, n, n+1, paddedIn), w.out.pad(dy, n, n+1, paddedOut)
	tile := w.code.Tile
	a := winogradTransform{
		srcRow: w.in.width * w.C, srcCol: w.C, srcTile: tile * w.C,
		dstRow: w.code.Points() * w.inPoint, dstCol: w.inPoint, dstTile: w.C, tiles: w.across, vectors: w.C / winogradVector,
	}
	b := winogradTransform{
		srcRow: w.out.width * w.K, srcCol: w.K, srcTile: tile * w.K,
		dstRow: w.code.Points() * w.outPoint, dstCol: w.outPoint, dstTile: tileColumns, tiles: w.across,
	}
	for row := range w.tiles / w.across {
		t := i*w.tiles + row*w.across
		a.src, a.dst = x[row*tile*a.srcRow:], in[t*w.C:]
		w.code.run(winogradInput, &a)
		for at := 0; at < w.K; at += tileColumns {
			b.vectors = min(tileColumns, w.K-at) / winogradVector
			b.src, b.dst = dy[row*tile*b.srcRow+at:], out[at*w.group*w.tiles+t*tileColumns:]
			w.code.run(winogradGradient, &b)
		}
	}
}

// multiply adds the products of a group's tiles at one point to start, or to the sums so far where that is nil.
func (w *winogradWgrad) multiply(sums, start, in, out []float32, tiles int) {
	t := product{
		a: in, b: out, c: sums, start: start, segments: []segment{{}}, steps: tiles, aStep: w.C, bStep: tileColumns,
		panel: w.group * w.tiles * tileColumns, aRows: w.aRows, cRows: w.cRows, floor: noFloor,
	}
	t.run(paddedColumns(w.K))
}
