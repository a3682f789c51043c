package cuda

import "cnn-gpu/kernels"

func conv2DDepthwiseTileWgrad(op kernels.Conv2DWgrad) []Launch {
	const source, combineX, combineY = "conv2d_depthwise_tile_wgrad.cu", 16, 32
	// A thread keeps the sums of all taps in registers.
	const mostSums = 64
	width, taps := widthOf(op.K, op.X, op.DY), op.R*op.S
	for width > 1 && taps*width > mostSums {
		width /= 2
	}
	tile := tileOf(op.Conv2D)
	tile[0] = min(tile[0], 2)
	t := newDepthwiseTiles(op.Conv2D, width, tile, [2]int{op.P, op.Q})
	slice := kernels.CeilDiv(t.tiles, max(1, min(2*manyBlocks/t.channelBlocks, t.tiles/(4*t.threadsY))))
	slices := kernels.CeilDiv(t.tiles, slice)
	t.defines = append(t.defines, define("SLICE", slice, "SLICES", slices, "COMBINE_X", combineX, "COMBINE_Y", combineY)...)
	sums := t.launch(source, "conv2d_depthwise_tile_wgrad", slices)
	sums.Workspace = slices * op.Weights() * kernels.Float32.Size()
	return []Launch{sums, {
		Source: source, Function: "conv2d_depthwise_tile_wgrad_sum", Defines: t.defines,
		Grid: [3]int{kernels.CeilDiv(op.Weights(), combineX), 1, 1}, Block: [3]int{combineX, combineY, 1},
	}}
}
