package cuda

import "cnn-gpu/kernels"

func groupNormDgrad(op kernels.GroupNormDgrad) []Launch {
	return []Launch{perGroup("group_norm_dgrad", op.GroupNorm, op.Epsilon, op.X, op.Gamma, op.DY, op.DX)}
}
