package cuda

import "cnn-gpu/kernels"

func dropout(op kernels.Dropout) []Launch {
	n := op.Y.Elements()
	return []Launch{perElement("dropout.cu", "dropout", kernels.CeilDiv(n, 4), define("ELEMENTS", n, "WIDTH", widthOf(n, op.X, op.Y), "SEED", op.Seed, "STREAM", op.Stream,
		"THRESHOLD", op.Threshold(), "SCALE", op.Scale())...)}
}
