package cuda

import "cnn-gpu/kernels"

func conv2DFprop(op kernels.Conv2DFprop) []Launch {
	if op.IsDepthwise() {
		return conv2DDepthwiseFprop(op)
	}
	return []Launch{conv2DTiles("conv2d_fprop", op.Conv2D, op.N*op.P*op.Q, op.GroupFilters())}
}

// conv2DTiles is a launch with one block for each tile of the product of each group, whose columns are filters or channels.
func conv2DTiles(function string, g kernels.Conv2D, rows, columns int) Launch {
	tiles := kernels.CeilDiv(columns, tile)
	return perTile(function, append(conv2DDefines(g), define("GROUP_TILES", tiles)...), rows, g.GroupCount()*tiles*tile)
}

// conv2DDefines are the macros of a convolution.
func conv2DDefines(g kernels.Conv2D) []Define {
	return append(define("N", g.N, "C", g.C, "K", g.K, "GROUPS", g.GroupCount()), windowDefines(g.Window)...)
}
