package cuda

import "cnn-gpu/kernels"

func gaussianNoise(op kernels.GaussianNoise) []Launch {
	n := op.Y.Elements()
	return []Launch{perElement("gaussian_noise.cu", "gaussian_noise", kernels.CeilDiv(n, 4),
		define("ELEMENTS", n, "WIDTH", widthOf(n, op.X, op.Y), "SEED", op.Seed, "STREAM", op.Stream, "DEVIATION", op.Deviation)...)}
}
