package cuda

import "cnn-gpu/kernels"

func conv2DDepthwiseDgrad(op kernels.Conv2DDgrad) []Launch {
	if g := op.Conv2D; fitsTiles(g) {
		tile := tileOf(g)
		tile = [2]int{kernels.RoundUp(tile[0], g.StrideH), kernels.RoundUp(tile[1], g.StrideW)}
		outputs := [2]int{g.H + g.PadTop%g.StrideH, g.W + g.PadLeft%g.StrideW}
		return []Launch{perDepthwiseTile("conv2d_depthwise_tile_dgrad", g, tile, outputs, op.DY, op.W, op.DX)}
	}
	return []Launch{perElement("conv2d_depthwise_dgrad.cu", "conv2d_depthwise_dgrad", op.Inputs(), depthwiseDefines(op.Conv2D)...)}
}
