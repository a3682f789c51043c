package cuda

import "cnn-gpu/kernels"

func adagrad(op kernels.Adagrad) []Launch {
	return []Launch{perElement("adagrad.cu", "adagrad", op.W.Elements(), define("ELEMENTS", op.W.Elements(),
		"INITIAL", float32(op.Initial), "EPSILON", float32(op.Epsilon))...)}
}
