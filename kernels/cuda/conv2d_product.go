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

// productTile is how a block computes a tile of a product: by warps, so many of which share sums, with so many tiles of terms in flight, in as many registers as
// so many blocks leave each other.
type productTile struct{ rows, columns, warpRows, warpColumns, slices, stages, blocks int }

// productTiles are those to choose from, the largest first.
var productTiles = []productTile{
	{256, 128, 64, 64, 1, 2, 1},
	{128, 128, 64, 64, 1, 3, 2},
	{256, 64, 32, 64, 1, 2, 1},
	{128, 64, 64, 32, 1, 4, 2},
	{64, 64, 32, 32, 2, 4, 2},
	{64, 32, 32, 32, 4, 4, 2},
	{32, 32, 32, 32, 4, 4, 2},
}

// warps is how many share a tile, without those that compute the same sums.
func (t productTile) warps() int { return t.rows / t.warpRows * (t.columns / t.warpColumns) }

func (t productTile) String() string { return fmt.Sprintf("%dx%d", t.rows, t.columns) }

// cycles is how long a multiprocessor is busy with a tile of terms: its tensor cores, or its shared memory, to which each row of 128 bytes is copied in two
// passes, and from which each warp reads its rows and columns in one.
func (t productTile) cycles() int {
	const perCycle = 20 // products of a row and a column, of an H200 by mma
	return max(t.rows*t.columns/perCycle, 2*(t.rows+t.columns)+t.warps()*(t.warpRows+t.warpColumns))
}

// productTileFor is the tile by which a GPU is done first with a product of so many groups of rows and columns.
func productTileFor(groups, rows, columns int) productTile {
	const multiprocessors = 132 // of an H200
	cycles := func(t productTile) int {
		tiles := groups * kernels.CeilDiv(rows, t.rows) * kernels.CeilDiv(columns, t.columns)
		return kernels.CeilDiv(tiles, multiprocessors) * t.cycles()
	}
	return slices.MinFunc(productTiles, func(a, b productTile) int { return cmp.Compare(cycles(a), cycles(b)) })
}

// productRows are the rows of a product, those of each phase.
type productRows struct {
	rows, phases int
	pooled       bool
}

// launch has a block for each tile of the product of each group and phase, which store their sums to buffers.
func (g conv2DProduct) launch(function string, t productTile, r productRows, columns, pitch int, a kernels.Activation, k kernels.PoolKind,
	stored []*kernels.Buffer, defines ...Define) Launch {
	const chunks, bytes = 8, 16
	groupTiles, rowTiles := kernels.CeilDiv(columns, t.columns), kernels.CeilDiv(r.rows, t.rows)
	vectors := columns%4 == 0 && !slices.ContainsFunc(stored, func(b *kernels.Buffer) bool { return !isAligned(b, 4) })
	defines = slices.Concat(defines, conv2DDefines(g.Conv2D), activationDefines(a), storedDefine(g.Stored), define("KIND", strings.ToUpper(k.String()), "POOLED", r.pooled,
		"GROUP_TILES", groupTiles, "PITCH", pitch, "BF16", g.Precision == kernels.BF16, "VECTORS", vectors, "TILE_ROWS", t.rows, "TILE_COLUMNS", t.columns,
		"WARP_ROWS", t.warpRows, "WARP_COLUMNS", t.warpColumns, "SLICES", t.slices, "STAGES", t.stages, "BLOCKS", t.blocks))
	return Launch{
		Source: function + ".cu", Function: function, Defines: defines,
		Grid: [3]int{r.phases * rowTiles * g.GroupCount() * groupTiles, 1, 1}, Block: [3]int{32 * t.warps() * t.slices, 1, 1},
		Shared: t.stages * (t.rows + t.columns) * chunks * bytes,
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
