package cuda

import "cnn-gpu/kernels"

func thresholdReLU(r kernels.ThresholdReLU, function string, elements int) []Launch {
	return []Launch{perElement("threshold_relu.cu", function, elements,
		define("ELEMENTS", elements, "THRESHOLD", r.Threshold, "SLOPE", r.Slope, "MOST", r.Max)...)}
}
