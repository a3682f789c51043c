package cuda

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cnn-gpu/kernels"
)

// conv2DProduct is what fprop and dgrad on tensor cores have in common; see conv2d_product.cuh.
type conv2DProduct struct {
	kernels.Conv2D
	Precision kernels.Precision
	Stored    kernels.Precision // of the result; the default where it is stored as it is summed up
}

// storedOperand is the result as it is stored.
func (g conv2DProduct) storedOperand(o kernels.Operand) kernels.Operand {
	o.Type = typeOf(g.Stored)
	return o
}

// roundsAs names the algorithm that computes a part of a chain that has a product. What is behind that works in float32, and may be stored narrow.
func (g conv2DProduct) roundsAs(plain kernels.Op) string {
	switch plain.(type) {
	case kernels.Conv2DFprop, kernels.Conv2DDgrad, kernels.DenseFprop, kernels.DenseDgrad:
		return g.Precision.String()
	}
	if g.Stored != kernels.DefaultPrecision {
		return g.Stored.String()
	}
	return ""
}

// mostTaps is how far a filter may reach, in rows and in columns.
const mostTaps = 16

// fits says whether tensor cores compute a product of two factors: its filters reach over few taps, its groups of terms begin where chunks do, and what
// pads the factors leaves them small enough.
func (g conv2DProduct) fits(terms int, factors []factor) bool {
	small := !slices.ContainsFunc(factors, func(f factor) bool { return f.form.elements() > mostElements })
	return small && g.R <= mostTaps && g.S <= mostTaps && (g.GroupCount() == 1 || terms/g.GroupCount()%chunk(g.Precision) == 0)
}

// productTile is how a block computes a tile of a product: by warps, so many of which share sums, with so many tiles of terms in flight, or none where an image
// stays in shared memory, in as many registers as so many blocks leave each other.
type productTile struct {
	rows, columns, warpRows, warpColumns, slices, stages, blocks int

	halo halo
}

// productTiles are those to choose from, the largest first.
var productTiles = []productTile{
	{256, 128, 64, 64, 1, 2, 1, halo{}},
	{128, 128, 64, 64, 1, 3, 2, halo{}},
	{256, 64, 32, 64, 1, 2, 1, halo{}},
	{128, 64, 64, 32, 1, 4, 2, halo{}},
	{64, 64, 32, 32, 2, 4, 2, halo{}},
	{64, 32, 32, 32, 4, 4, 2, halo{}},
	{32, 32, 32, 32, 4, 4, 2, halo{}},
}

// haloTiles are those of products whose taps may find their pixels in shared memory, without their halo; see conv2d_halo.cuh.
var haloTiles = []productTile{
	{128, 128, 64, 64, 1, 3, 2, halo{}},
	{192, 128, 48, 64, 1, 2, 1, halo{}},
	{128, 128, 64, 64, 2, 3, 1, halo{}},
	{256, 64, 64, 64, 1, 2, 2, halo{}},
	{128, 64, 64, 64, 2, 4, 2, halo{}},
	{64, 64, 32, 32, 2, 4, 2, halo{}},
	{64, 32, 32, 32, 4, 4, 2, halo{}},
	{32, 32, 32, 32, 4, 4, 2, halo{}},
}

// halo is what a block holds of the images for all taps: by how many pixels it is more than it has rows, 0 if it copies rows for each tap, and how
// many runs of channels there are, of which it has one or two.
type halo struct{ pixels, runs, taps int }

// haloOf is the halo of a product of so many terms a tap, if windows of neighbouring places read neighbouring pixels, and their channels are whole runs.
func (g conv2DProduct) haloOf(terms int, isPooled bool) halo {
	run := rowChunks * chunk(g.Precision)
	if g.StrideH > 1 || g.StrideW > 1 || g.P != g.H || g.Q != g.Window.W || isPooled || terms%run != 0 {
		return halo{}
	}
	return halo{(g.R-1)*g.DilationH*g.Window.W + (g.S-1)*g.DilationW, terms / run, g.R * g.S}
}

// tiles are those to choose from: with the halo where that fits into shared memory and is not most of what is copied, if there are any. The next run of
// channels is copied while a run is read, but for the tiles that are in flight when it begins.
func (h halo) tiles() (fit []productTile) {
	for _, t := range haloTiles {
		t.halo, t.stages = h, min(t.stages, h.taps)
		if h.pixels > 0 && t.shared() <= mostShared && h.pixels <= 2*t.rows {
			fit = append(fit, t)
		}
	}
	if fit == nil {
		return productTiles
	}
	return fit
}

// warps is how many share a tile, without those that compute the same sums.
func (t productTile) warps() int { return t.rows / t.warpRows * (t.columns / t.warpColumns) }

func (t productTile) String() string { return fmt.Sprintf("%dx%d", t.rows, t.columns) }

// Memory that products copy: chunks, and rows of them.
const chunkBytes, rowChunks, rowBytes = 16, 8, 128

// shared is how many bytes of shared memory a block has.
func (t productTile) shared() int {
	if t.halo.pixels == 0 {
		return t.stages * (t.rows + t.columns) * rowBytes
	}
	sums := (t.slices - 1) * t.rows * t.columns * kernels.Float32.Size()
	return max(sums, (1+min(2, t.halo.runs)*(t.rows+t.halo.pixels)+t.stages*t.columns)*rowBytes)
}

// copied is how many rows of the images are copied for a tile of terms.
func (t productTile) copied() int {
	if t.halo.pixels == 0 {
		return t.rows
	}
	return kernels.CeilDiv(t.rows+t.halo.pixels, t.halo.taps)
}

// cycles is how long a multiprocessor is busy with a tile of terms: its tensor cores, or its shared memory, to which each row of 128 bytes is copied in two
// passes, and from which each warp reads its rows and columns in one.
func (t productTile) cycles() int {
	const perCycle = 20 // products of a row and a column, of an H200 by mma
	return max(t.rows*t.columns/perCycle, 2*(t.copied()+t.columns)+t.warps()*(t.warpRows+t.warpColumns))
}

// productTileFor is the tile by which a GPU is done first with a product of so many groups of rows and columns, after so many cycles for each tile of terms. With a
// halo, slices cost something, as does a block that is alone where two hide what the other waits for.
func productTileFor(groups, rows, columns int, h halo) (t productTile, cycles int) {
	const multiprocessors = 132 // of an H200
	of := func(t productTile) int {
		tiles := groups * kernels.CeilDiv(rows, t.rows) * kernels.CeilDiv(columns, t.columns)
		blocks, cycles := kernels.CeilDiv(tiles, multiprocessors), t.cycles()
		if t.halo.pixels == 0 {
			return blocks * cycles
		}
		return blocks*cycles*(15+t.slices)/16 + blocks%t.blocks*cycles/8
	}
	t = slices.MinFunc(h.tiles(), func(a, b productTile) int { return cmp.Compare(of(a), of(b)) })
	return t, of(t)
}

// tile is how a product of so many rows and columns is computed, and how it is where images stay in shared memory.
func (g conv2DProduct) tile(read pixels, r productRows, columns int) (t productTile, resident residentProduct) {
	const fewest, begin = 310, 4500 // cycles that a block waits for a tile of terms, and for the first and the last
	resident = residentProduct{g, read, r, columns}
	t, cycles := productTileFor(g.GroupCount()*r.phases, r.all(), columns, g.haloOf(read.channels, r.pooled))
	if kept, ok := resident.tile(max(cycles, fewest)*resident.pieces() + begin); ok {
		return kept, resident
	}
	return t, resident
}

// productRows are the rows of a product: the places of images, those of each phase, by windows of 2x2 if they are pooled.
type productRows struct {
	images, height, width, phases int
	pooled                        bool
}

// all is how many there are in each phase.
func (r productRows) all() int {
	rows := r.images * r.height * r.width
	if r.pooled {
		return kernels.RoundUp(rows, 32)
	}
	return rows
}

// tiles is how many tiles those of a phase are.
func (r productRows) tiles(t productTile) int {
	if t.stages == 0 {
		return r.images * kernels.CeilDiv(r.height*r.width, t.rows)
	}
	return kernels.CeilDiv(r.all(), t.rows)
}

// launch has a block for each tile of the product of each group and phase, which store their sums to buffers.
func (g conv2DProduct) launch(function string, read pixels, r productRows, columns int, a kernels.Activation, k kernels.PoolKind,
	stored []*kernels.Buffer, defines ...Define) Launch {
	t, resident := g.tile(read, r, columns)
	groupTiles, rowTiles := kernels.CeilDiv(columns, t.columns), r.tiles(t)
	imageChunks, shared := 0, 0
	if t.stages == 0 {
		imageChunks, shared = resident.chunks(t), resident.shared(t)
	} else {
		shared = t.shared()
	}
	vectors := columns%4 == 0 && !slices.ContainsFunc(stored, func(b *kernels.Buffer) bool { return !isAligned(b, 4) })
	defines = slices.Concat(defines, conv2DDefines(g.Conv2D), activationDefines(a), storedDefine(g.Stored), define("KIND", strings.ToUpper(k.String()), "HALO", t.halo.pixels,
		"POOLED", r.pooled, "GROUP_TILES", groupTiles, "ROW_TILES", rowTiles, "PITCH", read.pitch, "BF16", g.Precision == kernels.BF16, "VECTORS", vectors,
		"TILE_ROWS", t.rows, "TILE_COLUMNS", t.columns, "WARP_ROWS", t.warpRows, "WARP_COLUMNS", t.warpColumns, "SLICES", t.slices, "STAGES", t.stages, "BLOCKS", t.blocks,
		"IMAGE_CHUNKS", imageChunks))
	return Launch{
		Source: function + ".cu", Function: function, Defines: defines,
		Grid: [3]int{r.phases * rowTiles * g.GroupCount() * groupTiles, 1, 1}, Block: [3]int{32 * t.warps() * t.slices, 1, 1},
		Shared: shared, Early: true,
	}
}

func activationName(a kernels.Activation) string {
	if a == linear {
		return ""
	}
	return "_" + a.Function.String()
}

func poolName(is bool) string {
	if is {
		return "_pool2d"
	}
	return ""
}

// isAligned says whether a value begins at a multiple of so many elements of its memory.
func isAligned(b *kernels.Buffer, elements int) bool {
	if b == nil {
		return true
	}
	_, offset := b.Root()
	return offset%elements == 0
}
