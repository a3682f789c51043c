package cuda

import "cnn-gpu/kernels"

func groupNormFprop(op kernels.GroupNormFprop) []Launch {
	return []Launch{perGroup("group_norm_fprop", op.GroupNorm, op.Epsilon, op.X, op.Gamma, op.Beta, op.Y)}
}
