package cuda

import "cnn-gpu/kernels"

func biasWgrad(op kernels.BiasWgrad) []Launch {
	const slice, threadsX, threadsY = 1024, 32, 8
	slices, columnBlocks := kernels.CeilDiv(op.M, slice), kernels.CeilDiv(op.K, threadsX)
	defines := define("M", op.M, "K", op.K, "SLICE", slice, "SLICES", slices, "COLUMN_BLOCKS", columnBlocks,
		"THREADS_X", threadsX, "THREADS_Y", threadsY)
	sum := perElement("bias_wgrad.cu", "bias_wgrad_sum", op.K, defines...)
	sum.Early = true
	return []Launch{
		{
			Source: "bias_wgrad.cu", Function: "bias_wgrad", Defines: defines,
			Grid: [3]int{columnBlocks * slices, 1, 1}, Block: [3]int{threadsX, threadsY, 1},
			Workspace: slices * op.K * kernels.Float32.Size(),
		},
		sum,
	}
}
