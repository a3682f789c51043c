package cuda

import "cnn-gpu/kernels"

func conv2DDepthwiseWgrad(op kernels.Conv2DWgrad) []Launch {
	if fitsTiles(op.Conv2D) {
		return conv2DDepthwiseTileWgrad(op)
	}
	const threadsX, threadsY = 32, 8
	columnBlocks, positions := kernels.CeilDiv(op.K, threadsX), op.N*op.P*op.Q
	// Enough slices to fill a GPU with such small blocks, and none with too little to do.
	blocks := columnBlocks * op.R * op.S
	slices := max(1, min(4*manyBlocks/blocks, positions/256))
	defines := append(depthwiseDefines(op.Conv2D), define("SLICE", kernels.CeilDiv(positions, slices), "SLICES", slices,
		"COLUMN_BLOCKS", columnBlocks, "THREADS_X", threadsX, "THREADS_Y", threadsY)...)
	return []Launch{
		{
			Source: "conv2d_depthwise_wgrad.cu", Function: "conv2d_depthwise_wgrad", Defines: defines,
			Grid: [3]int{blocks * slices, 1, 1}, Block: [3]int{threadsX, threadsY, 1},
			Workspace: slices * op.Weights() * kernels.Float32.Size(),
		},
		perElement("conv2d_depthwise_wgrad.cu", "conv2d_depthwise_wgrad_sum", op.Weights(), defines...),
	}
}
