package cuda

import "cnn-gpu/kernels"

func batchNormDgrad(op kernels.BatchNormDgrad) []Launch {
	b := newBatchNorm("batch_norm_dgrad.cu", op.BatchNorm, op.Classes, op.Epsilon)
	return []Launch{b.perSlice("batch_norm_dgrad", 0)}
}
