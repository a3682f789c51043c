package cuda

import "cnn-gpu/kernels"

func batchNormFprop(op kernels.BatchNormFprop) []Launch {
	return []Launch{perElement("batch_norm_fprop.cu", "batch_norm_fprop", op.Elements(),
		define("ELEMENTS", op.Elements(), "C", op.C, "EPSILON", float32(op.Epsilon))...)}
}
