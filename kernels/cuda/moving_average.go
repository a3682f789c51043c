package cuda

import "cnn-gpu/kernels"

func movingAverage(op kernels.MovingAverage) []Launch {
	n := op.Average.Elements()
	return []Launch{perElement("moving_average.cu", "moving_average", n,
		define("ELEMENTS", n, "OLD", float32(op.Momentum), "FRESH", float32(1-op.Momentum))...)}
}
