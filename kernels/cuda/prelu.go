package cuda

import "cnn-gpu/kernels"

func prelu(g kernels.PReLU, function string) []Launch {
	return []Launch{perElement("prelu.cu", function, g.M*g.K, define("ELEMENTS", g.M*g.K, "K", g.K)...)}
}
