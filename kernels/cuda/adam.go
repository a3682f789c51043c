package cuda

import "cnn-gpu/kernels"

func adam(op kernels.Adam) []Launch {
	return []Launch{perElement("adam.cu", "adam", op.W.Elements(), define("ELEMENTS", op.W.Elements(),
		"BETA1", op.Beta1, "BETA2", op.Beta2, "EPSILON", op.Epsilon)...)}
}
