package cuda

import "cnn-gpu/kernels"

func weightDecay(op kernels.WeightDecay) []Launch {
	return []Launch{perElement("weight_decay.cu", "weight_decay", op.W.Elements(), define("ELEMENTS", op.W.Elements(),
		"DECAY", float32(op.Decay))...)}
}
