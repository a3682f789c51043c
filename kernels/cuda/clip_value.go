package cuda

import "cnn-gpu/kernels"

func clipValue(op kernels.ClipValue) []Launch {
	return []Launch{perElement("clip_value.cu", "clip_value", op.X.Elements(), define("ELEMENTS", op.X.Elements(), "MOST", float32(op.Most))...)}
}
