package cuda

import "cnn-gpu/kernels"

func groupNormWgrad(op kernels.GroupNormWgrad) []Launch {
	c := newColumns("group_norm_wgrad.cu", op.N*op.P, op.C, []*kernels.Buffer{op.X, op.DY},
		define("P", op.P, "G", op.G, "EPSILON", float32(op.Epsilon))...)
	return []Launch{c.perSlice("group_norm_wgrad", 1), c.combined("group_norm_wgrad_sum")}
}
