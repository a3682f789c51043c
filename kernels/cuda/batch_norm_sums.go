package cuda

import "cnn-gpu/kernels"

func batchNormSums(op kernels.BatchNormSums) []Launch {
	b := newBatchNorm("batch_norm_sums.cu", op.BatchNorm, op.Classes, op.Epsilon)
	return []Launch{b.perSlice("batch_norm_sums", 2), b.perColumn("batch_norm_sums_sum")}
}
