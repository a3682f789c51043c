package cuda

import "cnn-gpu/kernels"

func crossEntropyFprop(op kernels.CrossEntropyFprop) []Launch {
	return crossEntropy("cross_entropy_fprop", op.N, op.K, op.Smoothing)
}

func crossEntropyDgrad(op kernels.CrossEntropyDgrad) []Launch {
	return crossEntropy("cross_entropy_dgrad", op.N, op.K, op.Smoothing)
}

func crossEntropy(function string, rows, classes int, smoothing float32) []Launch {
	l := perRow("cross_entropy.cu", function, rows, classes)
	target, other := kernels.SmoothTargets(smoothing, classes)
	l.Defines = append(l.Defines, define("TARGET", target, "OTHER", other)...)
	return []Launch{l}
}
