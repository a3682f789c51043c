package cuda

import "cnn-gpu/kernels"

func categoricalCrossEntropy(function string, g kernels.Categorical) []Launch {
	l := perRow("categorical_cross_entropy.cu", function, g.N, g.K)
	l.Defines = append(l.Defines, define("ALPHA", g.Alpha, "GAMMA", g.Gamma)...)
	return []Launch{l}
}
