package cuda

import "cnn-gpu/kernels"

func weightAverage(op kernels.WeightAverage) []Launch {
	n := op.W.Elements()
	return []Launch{perElement("weight_average.cu", "weight_average", n,
		define("ELEMENTS", n, "OLD", float32(op.Momentum), "FRESH", float32(1-op.Momentum), "OVERWRITE", op.Overwrite)...)}
}
