package cuda

import "cnn-gpu/kernels"

func lion(op kernels.Lion) []Launch {
	return []Launch{perElement("lion.cu", "lion", op.W.Elements(), define("ELEMENTS", op.W.Elements(),
		"BETA1", op.Beta1, "BETA2", op.Beta2)...)}
}
