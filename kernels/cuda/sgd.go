package cuda

import "cnn-gpu/kernels"

func sgd(op kernels.SGD) []Launch {
	return []Launch{perElement("sgd.cu", "sgd", op.W.Elements(), define("ELEMENTS", op.W.Elements(),
		"MOMENTUM", float32(op.Momentum), "NESTEROV", op.Nesterov)...)}
}
