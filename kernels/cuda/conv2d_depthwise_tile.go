package cuda

import "cnn-gpu/kernels"

// fitsTiles says whether a depthwise convolution is computed in tiles; see conv2d_depthwise_tile.cuh. The taps are written out in code.
func fitsTiles(g kernels.Conv2D) bool {
	const most = 7
	return g.C == g.K && g.R <= most && g.S <= most && g.DilationH == 1 && g.DilationW == 1 && g.StrideH <= 2 && g.StrideW <= 2
}

// depthwiseTiles cut outputs up: each thread has one tile of them, for a vector of channels.
type depthwiseTiles struct {
	tiles              int
	channelBlocks      int
	threadsX, threadsY int
	defines            []Define
}

func newDepthwiseTiles(g kernels.Conv2D, width int, tile, outputs [2]int) depthwiseTiles {
	const threads = 256
	vectors := g.K / width
	// 8 to 32 threads for the channels of a tile: those that leave the fewest without any, and of these the fewest, so that a block has many tiles.
	x := min(vectors, 32)
	for fewer := x - 1; fewer >= 8; fewer-- {
		if kernels.RoundUp(vectors, fewer) <= kernels.RoundUp(vectors, x) {
			x = fewer
		}
	}
	rows, columns := kernels.CeilDiv(outputs[0], tile[0]), kernels.CeilDiv(outputs[1], tile[1])
	t := depthwiseTiles{tiles: g.N * rows * columns, channelBlocks: kernels.CeilDiv(vectors, x), threadsX: x, threadsY: threads / x}
	t.defines = append(define("N", g.N, "K", g.K, "WIDTH", width, "TILE_H", tile[0], "TILE_W", tile[1], "TILE_ROWS", rows, "TILE_COLUMNS", columns,
		"CHANNEL_BLOCKS", t.channelBlocks, "THREADS_X", x, "THREADS_Y", t.threadsY), windowDefines(g.Window)...)
	return t
}

// launch has a block for each of some slices of the tiles.
func (t depthwiseTiles) launch(source, function string, slices int) Launch {
	return Launch{
		Source: source, Function: function, Defines: t.defines,
		Grid: [3]int{t.channelBlocks * slices, 1, 1}, Block: [3]int{t.threadsX, t.threadsY, 1},
	}
}

// perDepthwiseTile is a launch with a thread for each tile of [rows columns] outputs.
func perDepthwiseTile(function string, g kernels.Conv2D, tile, outputs [2]int, buffers ...*kernels.Buffer) Launch {
	t := newDepthwiseTiles(g, widthOf(g.K, buffers...), tile, outputs)
	return t.launch("conv2d_depthwise_tile.cu", function, kernels.CeilDiv(t.tiles, t.threadsY))
}

// tileOf is the tile of outputs that a thread computes: of small filters several rows, whose inputs overlap.
func tileOf(g kernels.Conv2D) [2]int {
	if g.R > 3 {
		return [2]int{1, 4}
	}
	return [2]int{4 / g.StrideH, 4 / g.StrideW}
}
