package cuda

import "cnn-gpu/kernels"

func batchNormStats(op kernels.BatchNormStats) []Launch {
	b := newBatchNorm("batch_norm_stats.cu", op.BatchNorm, op.Classes, 0)
	return []Launch{
		b.perSlice("batch_norm_sum", 1), b.perColumn("batch_norm_mean"), b.perSlice("batch_norm_squares", 1), b.perColumn("batch_norm_variance"),
	}
}
