package cuda

import (
	"fmt"
	"slices"

	"cnn-gpu/kernels"
)

// conv2DProduct is what fprop and dgrad on tensor cores have in common; see conv2d_product.cuh.
type conv2DProduct struct {
	kernels.Conv2D
	Precision kernels.Precision
}

// mostTaps is how far a filter may reach, in rows and in columns.
const mostTaps = 16

// fits says whether tensor cores compute a product of two factors: its filters reach over few taps, its groups of terms begin where chunks do, and what
// pads the factors leaves them small enough.
func (g conv2DProduct) fits(terms int, factors []factor) bool {
	small := !slices.ContainsFunc(factors, func(f factor) bool { return f.form.elements() > mostElements })
	return small && g.R <= mostTaps && g.S <= mostTaps && (g.GroupCount() == 1 || terms/g.GroupCount()%chunk(g.Precision) == 0)
}

// productTile is how a block computes a tile of a product.
type productTile struct{ rows, columns, warpRows, warpColumns, stages int }

func (t productTile) threads() int { return 32 * (t.rows / t.warpRows) * (t.columns / t.warpColumns) }

func (t productTile) String() string { return fmt.Sprintf("%dx%d", t.rows, t.columns) }

// productTiles are those to choose from, the largest first.
var productTiles = []productTile{
	{128, 128, 64, 64, 3},
	{128, 64, 64, 32, 4},
	{64, 64, 32, 32, 4},
	{64, 32, 32, 32, 4},
	{32, 32, 16, 32, 4},
}

// productTileFor is the largest tile of which there are enough to fill a GPU, for a product of so many groups of rows and columns.
func productTileFor(groups, rows, columns int) productTile {
	const multiprocessors = 132 // of an H200
	for _, t := range productTiles {
		if columns > t.columns/2 && groups*kernels.CeilDiv(rows, t.rows)*kernels.CeilDiv(columns, t.columns) >= multiprocessors {
			return t
		}
	}
	return productTiles[len(productTiles)-1]
}

// launch has a block for each tile of the product of each group and phase, which store their sums to y.
func (g conv2DProduct) launch(function string, t productTile, phases, rows, columns, pitch int, y *kernels.Buffer, defines ...Define) Launch {
	const chunks, bytes = 8, 16
	groupTiles, rowTiles := kernels.CeilDiv(columns, t.columns), kernels.CeilDiv(rows, t.rows)
	defines = append(append(defines, conv2DDefines(g.Conv2D)...), define("GROUP_TILES", groupTiles, "PITCH", pitch, "BF16", g.Precision == kernels.BF16,
		"TILE_ROWS", t.rows, "TILE_COLUMNS", t.columns, "WARP_ROWS", t.warpRows, "WARP_COLUMNS", t.warpColumns, "STAGES", t.stages,
		"VECTORS", columns%4 == 0 && isAligned(y, 4))...)
	return Launch{
		Source: function + ".cu", Function: function, Defines: defines,
		Grid: [3]int{phases * rowTiles * g.GroupCount() * groupTiles, 1, 1}, Block: [3]int{t.threads(), 1, 1},
		Shared: t.stages * (t.rows + t.columns) * chunks * bytes,
	}
}

// isAligned says whether a value begins at a multiple of so many elements of its memory.
func isAligned(b *kernels.Buffer, elements int) bool {
	if b == nil {
		return true
	}
	_, offset := b.Root()
	return offset%elements == 0
}
