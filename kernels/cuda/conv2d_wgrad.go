package cuda

import "cnn-gpu/kernels"

func conv2DWgrad(op kernels.Conv2DWgrad) []Launch {
	if op.IsDepthwise() {
		return conv2DDepthwiseWgrad(op)
	}
	rows, positions := op.R*op.S*op.GroupChannels(), op.N*op.P*op.Q
	parts := conv2DTiles("conv2d_wgrad", op.Conv2D, rows, op.GroupFilters())
	// Enough slices to fill a GPU, and none with too little to do.
	slices := max(1, min(manyBlocks/parts.Grid[0], positions/256))
	parts.Grid[2] = slices
	parts.Defines = append(parts.Defines, define("SLICE", kernels.CeilDiv(positions, slices), "SLICES", slices)...)
	parts.Workspace = slices * rows * op.K * kernels.Float32.Size()
	return []Launch{parts, perElement("conv2d_wgrad.cu", "conv2d_wgrad_sum", rows*op.K, parts.Defines...)}
}
