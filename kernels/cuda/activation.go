package cuda

import "cnn-gpu/kernels"

// activations writes each function in CUDA C++: f(x) in x, and f′(x) in y = f(x), with its parameter alpha.
var activations = map[kernels.Function]struct{ value, derivative string }{
	kernels.Linear:    {"x", "1"},
	kernels.ReLU:      {"x < 0 ? 0 : x", "y > 0 ? 1 : 0"}, // NaN stays
	kernels.Sigmoid:   {"1 / (1 + expf(-x))", "y * (1 - y)"},
	kernels.Tanh:      {"tanhf(x)", "1 - y * y"},
	kernels.LeakyReLU: {"x < 0 ? alpha * x : x", "y > 0 ? 1 : alpha"},
}

func activationFprop(op kernels.ActivationFprop) []Launch {
	return activation(op.Activation, "activation_fprop", op.Y.Elements())
}

func activationDgrad(op kernels.ActivationDgrad) []Launch {
	return activation(op.Activation, "activation_dgrad", op.DX.Elements())
}

func activation(a kernels.Activation, function string, elements int) []Launch {
	row, known := activations[a.Function]
	if !known {
		return nil
	}
	return []Launch{perElement("activation.cu", function, elements,
		define("ELEMENTS", elements, "ALPHA", a.Alpha, "VALUE", row.value, "DERIVATIVE", row.derivative)...)}
}
