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

func binaryFprop(op kernels.BinaryFprop) []Launch {
	return binary(op.Binary, "binary_fprop", op.A, op.B, op.Y)
}

func binaryDgrad(op kernels.BinaryDgrad) []Launch {
	return binary(op.Binary, "binary_dgrad", op.A, op.B, op.DY, op.DA, op.DB)
}

func binary(g kernels.Binary, function string, buffers ...*kernels.Buffer) []Launch {
	row, known := binaries[g.Function]
	if !known {
		return nil
	}
	// B is repeated for each of M rows.
	apart := g.K
	if g.M == 1 {
		apart = g.Elements()
	}
	width := widthOf(apart, buffers...)
	return []Launch{perElement("binary.cu", function, g.Elements()/width, define("ELEMENTS", g.Elements(), "M", g.M, "K", g.K, "WIDTH", width,
		"VALUE", row.value, "GRADIENT_A", row.gradientA, "GRADIENT_B", row.gradientB)...)}
}
