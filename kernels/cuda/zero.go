package cuda

import "cnn-gpu/kernels"

func zero(op kernels.Zero) []Launch {
	return []Launch{perElement("zero.cu", "zero", op.Y.Elements(), define("ELEMENTS", op.Y.Elements())...)}
}
