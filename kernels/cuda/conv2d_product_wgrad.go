package cuda

import (
	"fmt"
	"slices"

	"cnn-gpu/kernels"
)

// conv2DProductWgrad is wgrad on tensor cores, with the gradient by the bias that sums the same values: the sums of each slice of the positions,
// which another op adds up.
type conv2DProductWgrad struct {
	kernels.Conv2D
	Precision kernels.Precision
	split     split

	X, DY *kernels.Buffer
	gradientParts
}

// newConv2DProductWgrad is wgrad on tensor cores without its parts, if they can compute it: its filters reach over few taps, and what pads the factors
// and splits the sums leaves all of them small enough.
func newConv2DProductWgrad(g kernels.Conv2D, p kernels.Precision, hasBias bool) (op conv2DProductWgrad, ok bool) {
	const mostTaps, mostPositions = 16, 1 << 30
	op = conv2DProductWgrad{Conv2D: g, Precision: p}
	if g.GroupCount() > 1 || g.R > mostTaps || g.S > mostTaps || op.positions() > mostPositions {
		return op, false
	}
	op.split = splitOf(g, p, hasBias)
	return op, !slices.ContainsFunc(op.Operands(), func(o kernels.Operand) bool { return o.Elements > mostElements })
}

// Name implements [kernels.Op].
func (op conv2DProductWgrad) Name() string { return "conv2d_product_wgrad" }

func (op conv2DProductWgrad) factors() []factor {
	return []factor{
		{op.X, rowsOf(op.Precision, op.N*op.H*op.Window.W, op.C)},
		{op.DY, rowsOf(op.Precision, op.positions(), op.K)},
	}
}

func (op conv2DProductWgrad) multiplies() kernels.Precision { return op.Precision }

func (op conv2DProductWgrad) withFactors(narrow []*kernels.Buffer) product {
	op.X, op.DY = narrow[0], narrow[1]
	return op
}

func (op conv2DProductWgrad) withParts(other map[*kernels.Buffer]*kernels.Buffer) kernels.Op {
	op.gradientParts = op.moved(other)
	return op
}

func (op conv2DProductWgrad) halting(step, halt *kernels.Buffer) kernels.Op {
	op.Step, op.Halt = step, halt
	return op
}

// Operands implements [kernels.Op].
func (op conv2DProductWgrad) Operands() []kernels.Operand {
	f := op.factors()
	return append([]kernels.Operand{f[0].operand("x", op.Precision), f[1].operand("dy", op.Precision)}, op.operands(op.Conv2D, op.split.slices)...)
}

// Cost implements [kernels.Op].
func (op conv2DProductWgrad) Cost() kernels.Cost { return kernels.CostOf(op, op.FLOPs()) }

func (op conv2DProductWgrad) roundsAs(kernels.Op) string { return op.Precision.String() }

func (op conv2DProductWgrad) algorithm() string {
	s := op.split
	name := fmt.Sprintf("%v %dx%d", op.Precision, s.tile.rows, s.tile.columns)
	if s.slices > 1 {
		name += fmt.Sprintf(" x%d", s.slices)
	}
	return name
}

func (op conv2DProductWgrad) positions() int { return op.N * op.P * op.Q }

// wgradTile is how a block computes a tile of the gradients: a warp's part of it, the bytes of a channel's positions that are copied at once, and how
// many of those copies are in flight. A multiprocessor has so many blocks at once; a position costs it so many cycles in TF32, by the estimate of the
// simulated H200, and a block that is alone on one waits longer.
type wgradTile struct{ rows, columns, warpRows, warpColumns, bytes, stages, blocks, cycles, alone int }

func (t wgradTile) threads() int { return 32 * (t.rows / t.warpRows) * (t.columns / t.warpColumns) }

// wgradTiles are those to choose from.
var wgradTiles = []wgradTile{
	{128, 128, 64, 64, 64, 3, 2, 34, 44},
	{128, 64, 64, 64, 128, 2, 4, 23, 50},
	{64, 64, 32, 32, 128, 4, 3, 16, 21},
	{64, 32, 32, 16, 128, 3, 5, 14, 16},
}

// split is how the work of a wgrad is split into blocks: tiles of the gradients, and slices of the positions.
type split struct {
	tile                           wgradTile
	rowTiles, tiles, slices, slice int // the last in positions, a multiple of the tile's depth
}

// depth is how many positions are copied at once.
func (t wgradTile) depth(p kernels.Precision) int { return t.bytes / typeOf(p).Size() }

// splitOf is the split that costs least: multiprocessors share the blocks, each begins with some latency, and the parts are written and read.
func splitOf(g kernels.Conv2D, p kernels.Precision, hasBias bool) (best split) {
	const multiprocessors, latency, bytesPerCycle = 132, 2200, 3000 // of an H200
	rows, positions := g.R*g.S*kernels.RoundUp(g.C, chunk(p)), g.N*g.P*g.Q
	if hasBias {
		rows += chunk(p) // of which one is the ones that sum the bias's gradient
	}
	least := 0
	for _, t := range wgradTiles {
		s := split{tile: t, rowTiles: kernels.CeilDiv(rows, t.rows)}
		s.tiles = s.rowTiles * kernels.CeilDiv(g.K, t.columns)
		for slices := 1; slices <= min(mostSlices, kernels.CeilDiv(positions, t.depth(p))); slices++ {
			s.slice = kernels.RoundUp(kernels.CeilDiv(positions, slices), t.depth(p))
			s.slices = kernels.CeilDiv(positions, s.slice)
			shared := kernels.CeilDiv(s.tiles*s.slices, multiprocessors)
			last := shared % t.blocks // what is left behind whole waves of blocks
			cycles := (shared - last) * t.cycles
			if last > 0 {
				cycles += max(t.alone, last*t.cycles)
			}
			cycles = cycles * typeOf(p).Size() / kernels.Float32.Size()
			cost := latency + s.slice*cycles + 2*s.slices*g.Weights()*kernels.Float32.Size()/bytesPerCycle
			if best.slices == 0 || cost < least {
				best, least = s, cost
			}
		}
	}
	return best
}

func (op conv2DProductWgrad) launches() []Launch {
	const places = 512
	s, t, depth := op.split, op.split.tile, op.split.tile.depth(op.Precision)
	size := typeOf(op.Precision).Size()
	pitch := func(channels int) int { return kernels.RoundUp(channels, chunk(op.Precision)) }
	defines := append(define("N", op.N, "C", op.C, "K", op.K), windowDefines(op.Window)...)
	return []Launch{{
		Source: "conv2d_product_wgrad.cu", Function: "conv2d_product_wgrad",
		Defines: append(defines, define("BF16", op.Precision == kernels.BF16, "X_PITCH", pitch(op.C), "DY_PITCH", pitch(op.K), "TILE_ROWS", t.rows, "TILE_COLUMNS", t.columns,
			"WARP_ROWS", t.warpRows, "WARP_COLUMNS", t.warpColumns, "DEPTH", depth, "STAGES", t.stages, "PLACES", places, "ROW_TILES", s.rowTiles, "SLICE", s.slice,
			"PART", partPitch(op.Weights()), "BIAS_PART", partPitch(op.K), "BIAS", op.BiasParts != nil)...),
		Grid: [3]int{s.tiles, s.slices, 1}, Block: [3]int{t.threads(), 1, 1},
		Shared: t.stages * depth * (t.rows + t.columns + 16) * size,
	}}
}
