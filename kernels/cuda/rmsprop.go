package cuda

import "cnn-gpu/kernels"

func rmsprop(op kernels.RMSprop) []Launch {
	return []Launch{perElement("rmsprop.cu", "rmsprop", op.W.Elements(), define("ELEMENTS", op.W.Elements(),
		"RHO", op.Rho, "MOMENTUM", op.Momentum, "EPSILON", op.Epsilon)...)}
}
