package cuda

import "cnn-gpu/kernels"

func groupNormWgrad(op kernels.GroupNormWgrad) []Launch {
	const source, slice, threadsX, threadsY = "group_norm_wgrad.cu", 1024, 32, 8
	slices, columnBlocks := kernels.CeilDiv(op.N*op.P, slice), kernels.CeilDiv(op.C, threadsX)
	defines := define("N", op.N, "P", op.P, "C", op.C, "G", op.G, "EPSILON", float32(op.Epsilon), "SLICE", slice, "SLICES", slices,
		"COLUMN_BLOCKS", columnBlocks, "THREADS_X", threadsX, "THREADS_Y", threadsY)
	return []Launch{
		{
			Source: source, Function: "group_norm_wgrad", Defines: defines,
			Grid: [3]int{columnBlocks * slices, 1, 1}, Block: [3]int{threadsX, threadsY, 1},
			Workspace: slices * op.C * kernels.Float32.Size(),
		},
		perElement(source, "group_norm_wgrad_sum", op.C, defines...),
	}
}
