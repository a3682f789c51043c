package cuda

import "cnn-gpu/kernels"

func add(op kernels.Add) []Launch {
	return []Launch{perElement("add.cu", "add", op.Y.Elements(), define("ELEMENTS", op.Y.Elements())...)}
}
