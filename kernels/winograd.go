package kernels

import "cnn-gpu/kernels/internal/winograd"

// winogradTransform applies one of the transforms of an algorithm, Y = L·X·Lᵀ, to a number of tiles, channel by channel:
//
//	dst[t·dstTile + i·dstRow + j·dstCol + c] = max(floor, start[c] + (L·X(t,c)·Lᵀ)[i][j]),  X(t,c)[i][j] = src[t·srcTile + i·srcRow + j·srcCol + c]
//
// for 8·vectors channels c. Only the output's transform has a start and a floor. The assembly reads the fields by their offsets.
type winogradTransform struct {
	src, dst, start         []float32
	srcRow, srcCol, srcTile int
	dstRow, dstCol, dstTile int
	tiles, vectors          int
	floor                   float32
}

// winogradVector is the number of channels that a transform works on at a time.
const winogradVector = 8

// winogradCode is an algorithm with its transforms in assembly.
type winogradCode struct {
	winograd.Algorithm
	input, filter, output, gradient, weights func(*winogradTransform)

	gradientMatrix, weightsMatrix [][]float64 // A and Gᵀ
}

var winogradCodes = func() map[int]winogradCode {
	codes := map[int]winogradCode{}
	for _, a := range winograd.Algorithms() {
		code := winogradAssembly(a)
		code.gradientMatrix, code.weightsMatrix = winograd.Transposed(a.Output), winograd.Transposed(a.Filter)
		codes[a.Tile] = code
	}
	return codes
}()

func (c *winogradCode) runInput(t *winogradTransform)  { t.run(c.input, c.Input, false) }
func (c *winogradCode) runFilter(t *winogradTransform) { t.run(c.filter, c.Filter, false) }
func (c *winogradCode) runOutput(t *winogradTransform) { t.run(c.output, c.Output, true) }

// runGradient transforms a tile of an output's gradient, runWeights a filter's gradient back.
func (c *winogradCode) runGradient(t *winogradTransform) { t.run(c.gradient, c.gradientMatrix, false) }
func (c *winogradCode) runWeights(t *winogradTransform)  { t.run(c.weights, c.weightsMatrix, false) }

func (t *winogradTransform) run(assembly func(*winogradTransform), l [][]float64, isOutput bool) {
	if cpu == portable {
		t.portable(l, isOutput)
	} else {
		assembly(t)
	}
}

func (t *winogradTransform) portable(l [][]float64, isOutput bool) {
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
					if isOutput {
						sum = max(sum+t.start[c], t.floor)
					}
					t.dst[tile*t.dstTile+i*t.dstRow+j*t.dstCol+c] = sum
				}
			}
		}
	}
}

// WinogradTile is the tile of the algorithm F(tile×tile, 3×3) that computes rows×columns outputs of the convolution, or as large a
// gradient, with the least work; 0 if the sums as they stand are as good, which take 9 products for each of a number of positions.
// Transforms count too, and the more the fewer channels there are.
func (g Conv2D) WinogradTile(rows, columns, positions int) int {
	if g.R != 3 || g.S != 3 || g.StrideH*g.StrideW*g.DilationH*g.DilationW != 1 || g.C%winogradVector+g.K%winogradVector > 0 {
		return 0
	}
	best, least := 0, float64(9*positions)
	for _, a := range winograd.Algorithms() {
		tiles := blocks(rows, a.Tile) * blocks(columns, a.Tile)
		products := float64(tiles * a.Points() * a.Points())
		if work := products * (1.2 + 12/float64(g.C) + 12/float64(g.K)); work < least {
			best, least = a.Tile, work
		}
	}
	return best
}

// winogradFprop is the convolution of some images by an algorithm of Winograd: a matrix product for each point of the transformed tiles.
type winogradFprop struct {
	Conv2D
	in                image
	code              winogradCode
	across, tiles     int       // in a row of tiles, in an image
	group, block      int       // images, and tiles, that are computed together
	filters           []float32 // [point][panel][C][tileColumns]
	start, zeros      []float32
	floor             float32
	inPoint, outPoint int // values of a block at one point
	inRows, outRows   []int
}

func newWinogradFprop(g Conv2D, tile int, floor float32) *winogradFprop {
	code := winogradCodes[tile]
	f := &winogradFprop{Conv2D: g, code: code, floor: floor, across: blocks(g.Q, tile)}
	down := blocks(g.P, tile)
	f.tiles = f.across * down
	f.in = newImage(g.H, g.Window.W, g.C, g.PadTop, g.PadLeft, down*tile+2-g.PadTop, f.across*tile+2-g.PadLeft)
	points := code.Points() * code.Points()
	f.filters = make([]float32, points*panelsSize(g.C, g.K))
	f.start, f.zeros = make([]float32, columns(g.K)), make([]float32, tileColumns)
	// A block's transformed tiles stay in the L2 cache, but there are enough of them to be worth reading the filters.
	f.block = max(4*tileRows, 1<<17/(points*(g.C+columns(g.K)))/tileRows*tileRows)
	f.group = min(g.N, max(1, f.block/f.tiles))
	f.block = min(f.block, f.group*f.tiles)
	const apart = 16 // keeps the points' values off the same sets of the caches
	f.inPoint, f.outPoint = f.block*g.C+apart, f.block*columns(g.K)+apart
	for i := range f.block {
		f.inRows, f.outRows = append(f.inRows, i*g.C), append(f.outRows, i*columns(g.K))
	}
	return f
}

// scratch is the number of values that a worker needs: padded images, a block's tiles before and after the products, and one tile of
// outputs.
func (f *winogradFprop) scratch() int {
	points := f.code.Points() * f.code.Points()
	return f.padded() + points*(f.inPoint+f.outPoint) + f.code.Tile*f.code.Tile*f.K
}

func (f *winogradFprop) padded() int {
	if f.in.isPadded() {
		return f.group * f.in.size()
	}
	return 0
}

func (f *winogradFprop) images() int { return f.group }

func (f *winogradFprop) parts(workers int) int {
	return partsOf(blocks(f.N, f.group), workers, f.group*f.tiles/(2*tileRows))
}

// derive transforms the filters.
func (f *winogradFprop) derive(weights, bias []float32, w *Workers) {
	copy(f.start, bias)
	point := panelsSize(f.C, f.K)
	w.Run(columns(f.K)/tileColumns, func(_, panel int) {
		at := panel * tileColumns
		f.code.runFilter(&winogradTransform{
			src: weights[at:], srcRow: 3 * f.C * f.K, srcCol: f.C * f.K, srcTile: f.K,
			dst: f.filters[at*f.C:], dstRow: f.code.Points() * point, dstCol: point, dstTile: tileColumns,
			tiles: f.C, vectors: min(tileColumns, f.K-at) / winogradVector,
		})
	})
}

// compute writes a part of the outputs of images lo to hi of x to c, whose first image is lo.
func (f *winogradFprop) compute(x, c []float32, lo, hi int, scratch []float32, part, parts int) {
	padded, scratch := split(scratch, f.padded())
	points := f.code.Points() * f.code.Points()
	in, scratch := split(scratch, points*f.inPoint)
	out, tile := split(scratch, points*f.outPoint)
	a := f.in.of(x, lo, hi, padded)
	tiles := (hi - lo) * f.tiles
	first, last := tiles*part/parts, tiles*(part+1)/parts
	for ; first < last; first += f.block {
		end := min(first+f.block, last)
		f.transformInput(a, in, first, end)
		f.multiply(in, out, end-first)
		f.transformOutput(out, c, tile, first, end)
	}
}

// place is where tile t lies: its image, and its row and column of tiles.
func (f *winogradFprop) place(t int) (n, row, column int) {
	return t / f.tiles, t % f.tiles / f.across, t % f.across
}

func (f *winogradFprop) transformInput(a, in []float32, first, last int) {
	pitch := f.in.width * f.C
	t := winogradTransform{
		srcRow: pitch, srcCol: f.C, srcTile: f.code.Tile * f.C,
		dstRow: f.code.Points() * f.inPoint, dstCol: f.inPoint, dstTile: f.C, vectors: f.C / winogradVector,
	}
	for at := first; at < last; at += t.tiles {
		n, row, column := f.place(at)
		t.tiles = min(f.across-column, last-at)
		t.src = a[n*f.in.size()+row*f.code.Tile*pitch+column*t.srcTile:]
		t.dst = in[(at-first)*f.C:]
		f.code.runInput(&t)
	}
}

// multiply multiplies the inputs with the filters at each point.
func (f *winogradFprop) multiply(in, out []float32, tiles int) {
	t := product{
		start: f.zeros, segments: []segment{{}}, steps: f.C, aStep: 1, bStep: tileColumns, floor: noFloor,
		aRows: f.inRows[:tiles], cRows: f.outRows[:tiles],
	}
	size := panelsSize(f.C, f.K)
	for point := range f.code.Points() * f.code.Points() {
		t.a = in[point*f.inPoint:]
		for at := 0; at < f.K; at += tileColumns {
			t.b, t.c = f.filters[point*size+at*f.C:], out[point*f.outPoint+at:]
			t.run()
		}
	}
}

func (f *winogradFprop) transformOutput(out, c, tile []float32, first, last int) {
	size := f.code.Tile
	t := winogradTransform{
		srcRow: f.code.Points() * f.outPoint, srcCol: f.outPoint, srcTile: columns(f.K), vectors: f.K / winogradVector,
		dstTile: size * f.K, dstCol: f.K, start: f.start, floor: f.floor,
	}
	for at := first; at < last; at += t.tiles {
		n, row, column := f.place(at)
		rows, whole := min(size, f.P-row*size), f.Q/size-column
		t.src = out[(at-first)*t.srcTile:]
		y := c[((n*f.P+row*size)*f.Q+column*size)*f.K:]
		if rows == size && whole > 0 {
			t.tiles, t.dst, t.dstRow = min(whole, last-at), y, f.Q*f.K
			f.code.runOutput(&t)
			continue
		}
		t.tiles, t.dst, t.dstRow = 1, tile, size*f.K
		f.code.runOutput(&t)
		for i := range rows {
			copy(y[i*f.Q*f.K:], tile[i*size*f.K:][:min(size, f.Q-column*size)*f.K])
		}
	}
}
