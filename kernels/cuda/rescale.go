package cuda

import "cnn-gpu/kernels"

func rescale(op kernels.Rescale) []Launch {
	n := op.Y.Elements()
	return []Launch{perElement("rescale.cu", "rescale", n, define("ELEMENTS", n, "SCALE", op.Scale, "OFFSET", op.Offset)...)}
}
