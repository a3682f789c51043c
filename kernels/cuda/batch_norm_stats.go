package cuda

import "cnn-gpu/kernels"

func batchNormStats(op kernels.BatchNormStats) []Launch {
	b := newBatchNorm("batch_norm_stats.cu", op.BatchNorm, op.Classes, 0, []*kernels.Buffer{op.X})
	return []Launch{b.perSlice("batch_norm_moments", 4), b.combined("batch_norm_stats")}
}
