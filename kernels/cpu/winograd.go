package cpu

import (
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/internal/winograd"
)

// winogradTransform applies one of the transforms of an algorithm, Y = L·X·Lᵀ, to a number of tiles, channel by channel:
//
//	dst[t·dstTile + i·dstRow + j·dstCol + c] = max(floor, start[c] + (L·X(t,c)·Lᵀ)[i][j]),  X(t,c)[i][j] = src[t·srcTile + i·srcRow + j·srcCol + c]
//
// for 8·vectors channels c. Only the output's transform has a start and a floor; those of gradients add to what is in dst. The assembly
// reads the fields by their offsets.
type winogradTransform struct {
	src, dst, start         []float32
	srcRow, srcCol, srcTile int
	dstRow, dstCol, dstTile int
	tiles, vectors          int
	floor                   float32
}

// winogradVector is the number of channels that a transform works on at a time.
const winogradVector = 8

// pointGap is the number of values between those of one point and those of the next, which keeps them off the same sets of the caches.
const pointGap = 16

// winogradStage is what a transform is for.
type winogradStage int

// The stages: the transforms of a tile of inputs, of filters and of outputs' gradients, and back that of a tile of outputs, of filters'
// gradients and of inputs' gradients.
const (
	winogradInput winogradStage = iota
	winogradFilter
	winogradGradient
	winogradOutput
	winogradWeights
	winogradSpread
)

// winogradCode is an algorithm with the matrix of each stage.
type winogradCode struct {
	winograd.Algorithm
	matrices [6][][]float64
}

var winogradCodes = func() map[int]winogradCode {
	codes := map[int]winogradCode{}
	for _, a := range winograd.Algorithms() {
		codes[a.Tile] = winogradCode{a, [...][][]float64{
			winogradInput: a.Input, winogradFilter: a.Filter, winogradGradient: winograd.Transposed(a.Output),
			winogradOutput: a.Output, winogradWeights: winograd.Transposed(a.Filter), winogradSpread: winograd.Transposed(a.Input),
		}}
	}
	return codes
}()

// run transforms some tiles.
func (c *winogradCode) run(stage winogradStage, t *winogradTransform) {
	switch variant {
	case avx512:
		winogradAVX512(c.Tile, stage, t)
	case avx2:
		winogradAVX2(c.Tile, stage, t)
	default:
		t.portable(c.matrices[stage], stage)
	}
}

func (t *winogradTransform) portable(l [][]float64, stage winogradStage) {
	const most = 5
	var half [most][most]float32
	in := len(l[0])
	for tile := range t.tiles {
		for c := range t.vectors * winogradVector {
			for i, row := range l {
				for j := range in {
					half[i][j] = 0
					for k, v := range row {
						half[i][j] += float32(v) * t.src[tile*t.srcTile+k*t.srcRow+j*t.srcCol+c]
					}
				}
			}
			for i := range l {
				for j, row := range l {
					var sum float32
					for k, v := range row {
						sum += float32(v) * half[i][k]
					}
					at := tile*t.dstTile + i*t.dstRow + j*t.dstCol + c
					switch stage {
					case winogradOutput:
						sum = max(sum+t.start[c], t.floor)
					case winogradWeights, winogradSpread:
						sum += t.dst[at]
					}
					t.dst[at] = sum
				}
			}
		}
	}
}

// hasWinograd says whether there is code for the convolution by the algorithms F(tile×tile, 3×3).
func (g conv2D) hasWinograd() bool {
	return g.R == 3 && g.S == 3 && g.StrideH*g.StrideW*g.DilationH*g.DilationW == 1 && g.C%winogradVector+g.K%winogradVector == 0 && g.GroupCount() == 1
}

// winogradTile is the tile of the algorithm F(tile×tile, 3×3) that computes rows×columns outputs of the convolution, or the gradients by
// them, with the least work; 0 if the sums as they stand are as good, which take 9 products for each. Transforms count too, and the more
// the fewer channels there are, and so does reading filters that do not stay in the L2 cache.
func (g conv2D) winogradTile(rows, columns int) int {
	if !g.hasWinograd() {
		return 0
	}
	reading := func(points int) float64 {
		const inCache, products = 1 << 18, 12 // values, and as how many products reading one counts, once from memory and then for some images
		if points*g.C*g.K <= inCache {
			return 0
		}
		together := max(1, min(g.N, 8*tileRows/(rows*columns)))
		return products * float64(points) * (1/float64(g.N) + 1/float64(together))
	}
	best, least := 0, float64(9*rows*columns)+reading(9)
	for _, a := range winograd.Algorithms() {
		tiles, points := kernels.CeilDiv(rows, a.Tile)*kernels.CeilDiv(columns, a.Tile), a.Points()*a.Points()
		if work := float64(tiles*points)*(1.2+12/float64(g.C)+12/float64(g.K)) + reading(points); work < least {
			best, least = a.Tile, work
		}
	}
	return best
}

// winogradProducts are what is the same in a convolution and in its gradient by the input: the matrix products, at each point, of the
// transformed tiles [tiles depth] with the transformed filters [depth width].
type winogradProducts struct {
	code                           winogradCode
	depth, width                   int
	across, tiles                  int       // in a row of tiles, in an image
	group, block                   int       // images that are computed together, and tiles that are multiplied together
	filters                        []float32 // [point][panel][depth][tileColumns]
	inPoint, filterPoint, outPoint int       // values of a block's tiles, of the filters and of their products at one point
	zeros                          []float32
	inRows, outRows                []int
}

// tiled returns X with all that the tiles reach, and Y in whole tiles.
func (g conv2D) tiled(tile int) (x, y image) {
	rows, columns := kernels.CeilDiv(g.P, tile)*tile, kernels.CeilDiv(g.Q, tile)*tile
	return newImage(g.H, g.Window.W, g.C, g.PadTop, g.PadLeft, rows+2-g.PadTop, columns+2-g.PadLeft), newImage(g.P, g.Q, g.K, 0, 0, rows, columns)
}

// newWinogradProducts returns the products of the tiles of an output y or its gradient, of up to so many images together.
func newWinogradProducts(tile, images int, y image, depth, width int) winogradProducts {
	p := winogradProducts{
		code: winogradCodes[tile], depth: depth, width: width, across: y.width / tile, tiles: y.width / tile * y.height / tile,
		filterPoint: panelsSize(depth, width) + pointGap, zeros: make([]float32, paddedColumns(width)),
	}
	// A block's tiles stay in the L2 cache, but there are enough of them to be worth reading the filters.
	most := max(4*tileRows, 1<<17/(p.points()*(depth+paddedColumns(width))))
	p.group = min(images, max(1, most/p.tiles))
	p.block = kernels.CeilDiv(p.group*p.tiles, kernels.CeilDiv(p.group*p.tiles, most))
	p.inPoint, p.outPoint = p.block*depth+pointGap, p.block*paddedColumns(width)+pointGap
	for i := range p.block {
		p.inRows, p.outRows = append(p.inRows, i*depth), append(p.outRows, i*paddedColumns(width))
	}
	return p
}

func (p *winogradProducts) images() int { return p.group }

func (p *winogradProducts) points() int { return p.code.Points() * p.code.Points() }

// transformed is the number of values of a block's tiles before and after the products.
func (p *winogradProducts) transformed() int { return p.points() * (p.inPoint + p.outPoint) }

// derived is the number of values of the transformed filters.
func (p *winogradProducts) derived() int { return p.points() * p.filterPoint }

func (p *winogradProducts) keep(derived []float32) { p.filters = derived }

// derive transforms filters [3 3 depth width].
func (p *winogradProducts) derive(weights []float32, w *Workers) {
	w.Run(paddedColumns(p.width)/tileColumns, func(_, panel int) {
		at := panel * tileColumns
		p.code.run(winogradFilter, &winogradTransform{
			src: weights[at:], srcRow: 3 * p.depth * p.width, srcCol: p.depth * p.width, srcTile: p.width,
			dst: p.filters[at*p.depth:], dstRow: p.code.Points() * p.filterPoint, dstCol: p.filterPoint, dstTile: tileColumns,
			tiles: p.depth, vectors: min(tileColumns, p.width-at) / winogradVector,
		})
	})
}

// multiply multiplies transformed tiles [point][tile][depth] with the filters of columns from to to, whole panels, to out [point][tile][width].
func (p *winogradProducts) multiply(in, out []float32, tiles, from, to int) {
	t := product{
		start: p.zeros, segments: []segment{{}}, steps: p.depth, aStep: 1, bStep: tileColumns, panel: p.depth * tileColumns,
		aRows: p.inRows[:tiles], cRows: p.outRows[:tiles], floor: noFloor,
	}
	for point := range p.points() {
		t.a, t.b, t.c = in[point*p.inPoint:], p.filters[point*p.filterPoint+from*p.depth:], out[point*p.outPoint+from:]
		t.run(paddedColumns(to - from))
	}
}

// eachBlock calls f for a number of tiles from first on, in blocks of equal size: a short one would not be worth reading the filters.
func (p *winogradProducts) eachBlock(first, tiles int, f func(first, last int)) {
	n := kernels.CeilDiv(tiles, p.block)
	for i := range n {
		f(first+tiles*i/n, first+tiles*(i+1)/n)
	}
}

// place is where tile t lies: its image, and its row and column of tiles.
func (p *winogradProducts) place(t int) (n, row, column int) {
	return t / p.tiles, t % p.tiles / p.across, t % p.across
}

// transform transforms tiles first to last of some images to in [point][tile][depth].
func (p *winogradProducts) transform(stage winogradStage, m image, images, in []float32, first, last int) {
	pitch := m.width * p.depth
	t := winogradTransform{
		srcRow: pitch, srcCol: p.depth, srcTile: p.code.Tile * p.depth,
		dstRow: p.code.Points() * p.inPoint, dstCol: p.inPoint, dstTile: p.depth, vectors: p.depth / winogradVector,
	}
	for at := first; at < last; at += t.tiles {
		n, row, column := p.place(at)
		t.tiles = min(p.across-column, last-at)
		t.src = images[n*m.size()+row*p.code.Tile*pitch+column*t.srcTile:]
		t.dst = in[(at-first)*p.depth:]
		p.code.run(stage, &t)
	}
}

// winogradFprop is the convolution of some images by an algorithm of Winograd: a matrix product for each point of the transformed tiles.
type winogradFprop struct {
	conv2D
	winogradProducts
	in    image // X with all that the tiles reach
	start []float32
	end   epilogue
}

func newWinogradFprop(g conv2D, tile int, end epilogue) *winogradFprop {
	in, out := g.tiled(tile)
	return &winogradFprop{
		conv2D: g, winogradProducts: newWinogradProducts(tile, g.N, out, g.C, g.K), in: in, start: make([]float32, paddedColumns(g.K)), end: end,
	}
}

// scratch is the number of values that a worker needs: padded images, a block's tiles before and after the products, one tile of
// outputs, and what finds empty windows.
func (f *winogradFprop) scratch() int {
	return f.in.paddedSize(f.group) + f.transformed() + f.code.Tile*f.code.Tile*f.K + f.empty().depths()
}

func (f *winogradFprop) empty() emptyWindows {
	return emptyWindows{f.H, f.Window.W, f.C, f.PadTop, f.PadLeft, f.Q}
}

func (f *winogradFprop) parts(workers int) int {
	return f.cut().parts(kernels.CeilDiv(f.N, f.group), workers)
}

// cut says how the outputs of a group are shared out.
func (f *winogradFprop) cut() cut {
	return newCut(kernels.CeilDiv(f.K, pairColumns), f.group*f.tiles/(2*tileRows), f.derived(), f.group*f.tiles*f.points()*f.C)
}

// derive transforms the filters.
func (f *winogradFprop) derive(weights, bias []float32, w *Workers) {
	copy(f.start, bias)
	f.winogradProducts.derive(weights, w)
}

// compute makes a part of the outputs of images lo to hi of x; the first image of c is lo.
func (f *winogradFprop) compute(x []float32, c outputs, lo, hi int, scratch []float32, part, parts int) {
	padded, scratch := split(scratch, f.in.paddedSize(f.group))
	in, scratch := split(scratch, f.points()*f.inPoint)
	out, scratch := split(scratch, f.points()*f.outPoint)
	tile, depths := split(scratch, f.code.Tile*f.code.Tile*f.K)
	strips, rows := f.cut().of(part, parts)
	begin, end := rows.of((hi - lo) * f.tiles)
	if begin == end {
		return
	}
	a := f.in.padRows(x, lo, hi, padded, begin/f.across*f.code.Tile, ((end-1)/f.across+1)*f.code.Tile+2)
	from, to := strips.of(kernels.CeilDiv(f.K, pairColumns))
	from, to = from*pairColumns, min(to*pairColumns, f.K)
	f.eachBlock(begin, end-begin, func(first, last int) {
		f.transform(winogradInput, f.in, a, in, first, last)
		f.multiply(in, out, last-first, from, to)
		f.transformOutput(out, c, tile, first, last, from, to)
	})
	f.clearEmpty(x, c, lo, hi, begin, end, from, to, depths)
}

// clearEmpty writes what is exact where a window is empty, in tiles begin to end of images lo to hi, for filters from to to.
func (f *winogradFprop) clearEmpty(x []float32, c outputs, lo, hi, begin, end, from, to int, depths []float32) {
	size, across := f.code.Tile, f.across
	for n := range hi - lo {
		first, last := max(begin-n*f.tiles, 0), min(end-n*f.tiles, f.tiles)
		if first >= last {
			continue
		}
		image := x[(lo+n)*f.H*f.Window.W*f.C:]
		f.empty().each(image, first/across*size, min(((last-1)/across+1)*size, f.P), depths, func(p, q int) {
			if t := p/size*across + q/size; t >= first && t < last {
				at := c.from(((n*f.P+p)*f.Q+q)*f.K + from)
				for k, v := range f.start[from:to] {
					at.y[k] = max(v, f.end.floor)
				}
				f.end.finish(at, 1, to-from, f.K)
			}
		})
	}
}

// transformOutput transforms what the products made of tiles first to last and of filters from to to.
func (f *winogradFprop) transformOutput(out []float32, c outputs, tile []float32, first, last, from, to int) {
	size := f.code.Tile
	t := winogradTransform{
		srcRow: f.code.Points() * f.outPoint, srcCol: f.outPoint, srcTile: paddedColumns(f.K), vectors: (to - from) / winogradVector,
		dstTile: size * f.K, dstCol: f.K, start: f.start[from:], floor: f.end.floor,
	}
	for at := first; at < last; at += t.tiles {
		n, row, column := f.place(at)
		rows, whole := min(size, f.P-row*size), f.Q/size-column
		t.src = out[(at-first)*t.srcTile+from:]
		y := c.from(((n*f.P+row*size)*f.Q+column*size)*f.K + from)
		columns := min(size, f.Q-column*size)
		if rows == size && whole > 0 {
			t.tiles, t.dst, t.dstRow = min(whole, last-at), y.y, f.Q*f.K
			f.code.run(winogradOutput, &t)
			columns = t.tiles * size
		} else {
			t.tiles, t.dst, t.dstRow = 1, tile, size*f.K
			f.code.run(winogradOutput, &t)
			for i := range rows {
				for j := range columns {
					copy(y.y[(i*f.Q+j)*f.K:], tile[(i*size+j)*f.K:][:to-from])
				}
			}
		}
		for i := range rows {
			f.end.finish(y.from(i*f.Q*f.K), columns, to-from, f.K)
		}
	}
}
