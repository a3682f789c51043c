package cuda

import "cnn-gpu/kernels"

func batchNormFold(op kernels.BatchNormFold) []Launch {
	return []Launch{perElement("batch_norm_fold.cu", "batch_norm_fold", op.D*op.K,
		define("ELEMENTS", op.D*op.K, "K", op.K, "EPSILON", float32(op.Epsilon))...)}
}
