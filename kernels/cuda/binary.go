package cuda

import "cnn-gpu/kernels"

// binaries writes each function in CUDA C++: f(a, b), and the gradients by a and b from dy.
var binaries = map[kernels.BinaryFunction]struct{ value, gradientA, gradientB string }{
	kernels.Multiply: {"a * b", "dy * b", "dy * a"},
	kernels.Subtract: {"a - b", "dy", "-dy"},
	kernels.Maximum:  {"b > a || isnan(b) ? b : a", "b > a || isnan(b) ? 0 : dy", "b > a || isnan(b) ? dy : 0"},
	kernels.Minimum:  {"b < a || isnan(b) ? b : a", "b < a || isnan(b) ? 0 : dy", "b < a || isnan(b) ? dy : 0"},
	kernels.Plus:     {"a + b", "dy", "dy"},
}

func binaryFprop(op kernels.BinaryFprop) []Launch { return binary(op.Binary, "binary_fprop") }

func binaryDgrad(op kernels.BinaryDgrad) []Launch { return binary(op.Binary, "binary_dgrad") }

func binary(g kernels.Binary, function string) []Launch {
	row, known := binaries[g.Function]
	if !known {
		return nil
	}
	return []Launch{perElement("binary.cu", function, g.Elements(), define("ELEMENTS", g.Elements(), "M", g.M, "K", g.K,
		"VALUE", row.value, "GRADIENT_A", row.gradientA, "GRADIENT_B", row.gradientB)...)}
}
