package cuda

import (
	"cmp"
	"fmt"

	"cnn-gpu/kernels"
)

// conv2DProductWgrad is wgrad on tensor cores, with the gradient by the bias that sums the same values: the sums of each slice of the positions,
// which another op adds up.
type conv2DProductWgrad struct {
	kernels.Conv2D
	Precision kernels.Precision

	X, DY            *kernels.Buffer
	Parts, BiasParts *kernels.Buffer // the latter is nil without a bias
	Step, Halt       *kernels.Buffer // set if it halts training at parts whose sum might not be finite
}

// Name implements [kernels.Op].
func (op conv2DProductWgrad) Name() string { return "conv2d_product_wgrad" }

func (op conv2DProductWgrad) factors() []factor {
	return []factor{
		{op.X, rowsOf(op.Precision, op.N*op.H*op.Window.W, op.C)},
		{op.DY, rowsOf(op.Precision, op.positions(), op.K)},
	}
}

func (op conv2DProductWgrad) withFactors(narrow []*kernels.Buffer) product {
	op.X, op.DY = narrow[0], narrow[1]
	return op
}

func (op conv2DProductWgrad) withParts(other map[*kernels.Buffer]*kernels.Buffer) kernels.Op {
	for _, b := range []**kernels.Buffer{&op.Parts, &op.BiasParts} {
		*b = cmp.Or(other[*b], *b)
	}
	return op
}

func (op conv2DProductWgrad) halting(step, halt *kernels.Buffer) kernels.Op {
	op.Step, op.Halt = step, halt
	return op
}

// Operands implements [kernels.Op].
func (op conv2DProductWgrad) Operands() []kernels.Operand {
	f, s := op.factors(), op.split()
	return []kernels.Operand{
		f[0].operand("x", op.Precision), f[1].operand("dy", op.Precision),
		kernels.Ints("step", op.Step, kernels.Read, 1).OptionalIf(true), kernels.Ints("halt", op.Halt, kernels.Accumulate, 1).OptionalIf(true),
		kernels.Floats("parts", op.Parts, kernels.Write, s.slices*partPitch(op.Weights())),
		kernels.Floats("bias_parts", op.BiasParts, kernels.Write, s.slices*partPitch(op.K)).OptionalIf(true),
	}
}

// Cost implements [kernels.Op].
func (op conv2DProductWgrad) Cost() kernels.Cost { return kernels.CostOf(op, op.FLOPs()) }

func (op conv2DProductWgrad) roundsAs(kernels.Op) string { return op.Precision.String() }

func (op conv2DProductWgrad) algorithm() string {
	s := op.split()
	return fmt.Sprintf("%v %dx%d, %d slices", op.Precision, s.tile.rows, s.tile.columns, s.slices)
}

// fits says whether tensor cores compute it: its filters reach over few taps, and what pads the factors and splits the sums leaves all of them
// small enough.
func (op conv2DProductWgrad) fits() bool {
	const mostTaps, mostPositions = 16, 1 << 30
	if op.GroupCount() > 1 || op.R > mostTaps || op.S > mostTaps || op.positions() > mostPositions {
		return false
	}
	for _, o := range op.Operands() {
		if o.Elements > mostElements {
			return false
		}
	}
	return true
}

func (op conv2DProductWgrad) positions() int { return op.N * op.P * op.Q }

// wgradTile is how a block computes a tile of the gradients; bytes of positions at a time, which are fewer the wider they are.
type wgradTile struct{ rows, columns, warpRows, warpColumns, bytes, stages int }

func (t wgradTile) threads() int { return 32 * (t.rows / t.warpRows) * (t.columns / t.warpColumns) }

// wgradTiles are those to choose from, the largest first.
var wgradTiles = []wgradTile{
	{128, 128, 64, 64, 64, 4},
	{128, 64, 64, 32, 128, 3},
	{64, 64, 32, 32, 128, 3},
	{64, 32, 32, 16, 128, 3},
}

// split is how the work is split into blocks: tiles of the gradients, and slices of the positions.
type split struct {
	tile                           wgradTile
	depth, rowTiles, tiles, slices int
	slice                          int // positions, a multiple of depth
}

// split takes the largest tiles that can fill a GPU, with as many slices as that takes.
func (op conv2DProductWgrad) split() split {
	const multiprocessors, leastTiles = 132, 4 // of an H200; of positions in a slice
	pitch, size := kernels.RoundUp(op.C, chunk(op.Precision)), typeOf(op.Precision).Size()
	var s split
	for _, t := range wgradTiles {
		s = split{tile: t, depth: t.bytes / size, rowTiles: kernels.CeilDiv(op.R*op.S*pitch, t.rows)}
		s.tiles = s.rowTiles * kernels.CeilDiv(op.K, t.columns)
		most := max(1, min(mostSlices, op.positions()/(leastTiles*s.depth)))
		s.slices = min(most, max(1, 2*multiprocessors/s.tiles))
		if op.K > t.columns/2 && s.tiles*most >= multiprocessors {
			break
		}
	}
	s.slice = kernels.RoundUp(kernels.CeilDiv(op.positions(), s.slices), s.depth)
	s.slices = kernels.CeilDiv(op.positions(), s.slice)
	return s
}

func (op conv2DProductWgrad) launches() []Launch {
	const places = 512
	s, t := op.split(), op.split().tile
	size := typeOf(op.Precision).Size()
	pitch := func(channels int) int { return kernels.RoundUp(channels, chunk(op.Precision)) }
	defines := append(define("N", op.N, "C", op.C, "K", op.K), windowDefines(op.Window)...)
	return []Launch{{
		Source: "conv2d_product_wgrad.cu", Function: "conv2d_product_wgrad",
		Defines: append(defines, define("BF16", op.Precision == kernels.BF16, "X_PITCH", pitch(op.C), "DY_PITCH", pitch(op.K), "TILE_ROWS", t.rows, "TILE_COLUMNS", t.columns,
			"WARP_ROWS", t.warpRows, "WARP_COLUMNS", t.warpColumns, "DEPTH", s.depth, "STAGES", t.stages, "PLACES", places, "ROW_TILES", s.rowTiles, "SLICE", s.slice,
			"PART", partPitch(op.Weights()), "BIAS_PART", partPitch(op.K), "BIAS", op.BiasParts != nil)...),
		Grid: [3]int{s.tiles, s.slices, 1}, Block: [3]int{t.threads(), 1, 1},
		Shared: t.stages * s.depth * (t.rows + t.columns + 16) * size,
	}}
}
