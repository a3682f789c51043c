package cuda

import "cnn-gpu/kernels"

// activations writes each function in CUDA C++: f(x) in x, and f′(x) in x or y as the function says, with its parameter
// alpha.
var activations = map[kernels.Function]struct{ value, derivative string }{
	kernels.Linear:    {"x", "1"},
	kernels.ReLU:      {"x < 0 ? 0 : x", "y > 0 ? 1 : 0"}, // NaN stays
	kernels.Sigmoid:   {"sigmoid(x)", "y * (1 - y)"},
	kernels.Tanh:      {"tanhf(x)", "1 - y * y"},
	kernels.LeakyReLU: {"x < 0 ? alpha * x : x", "y > 0 ? 1 : alpha"},
	kernels.ELU:       {"x > 0 ? x : alpha * expm1f(x)", "y > 0 ? 1 : y + alpha"},
	kernels.SELU: {
		"x > 0 ? " + seluScale + " * x : " + seluDepth + " * expm1f(x)",
		"y > 0 ? " + seluScale + " : y + " + seluDepth,
	},
	kernels.ReLU6:       {"between(x, 0, alpha)", "0 < y && y < alpha ? 1 : 0"},
	kernels.HardSigmoid: {"between(x + 3, 0, 6) / 6", "0 < y && y < 1 ? 1.0f / 6 : 0"},
	kernels.Softplus:    {"fmaxf(x, 0) + log1pf(expf(-fabsf(x)))", "-expm1f(-y)"}, // fmaxf loses a NaN, expf does not
	kernels.Softsign:    {"softsign(x)", "(1 - fabsf(y)) * (1 - fabsf(y))"},
	kernels.Exponential: {"expf(x)", "y"},
	kernels.SiLU:        {"x < -200 ? 0 : x * sigmoid(x)", "silu_derivative(between(x, -200, 200))"},
	kernels.GELU:        {"x < -200 ? 0 : x * normal(x)", "gelu_derivative(between(x, -200, 200))"},
	kernels.GELUTanh:    {"x < -200 ? 0 : x * sigmoid(gelu_exponent(x))", "gelu_tanh_derivative(between(x, -200, 200))"},
	kernels.HardSwish:   {"x <= -3 ? 0 : x * (between(x + 3, 0, 6) / 6)", "x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5f"},
	kernels.Mish:        {"x < -200 ? 0 : mish(x)", "mish_derivative(between(x, -200, 20))"},
}

// seluScale and seluDepth, below which no SELU lies, as CUDA C++ writes them.
var (
	seluScale = literal(kernels.SELUScale)
	seluDepth = literal(kernels.SELUScale * kernels.SELUAlpha)
)

func activationFprop(op kernels.ActivationFprop) []Launch {
	return activation(op.Activation, "activation_fprop", op.X, op.Y)
}

func activationDgrad(op kernels.ActivationDgrad) []Launch {
	return activation(op.Activation, "activation_dgrad", op.V, op.DY, op.DX)
}

func activation(a kernels.Activation, function string, buffers ...*kernels.Buffer) []Launch {
	defines := activationDefines(a)
	if defines == nil {
		return nil
	}
	return []Launch{perVector("activation.cu", function, buffers, defines...)}
}

// activationDefines are the macros of activation.cuh; nil for a function that has no kernel.
func activationDefines(a kernels.Activation) []Define {
	row, known := activations[a.Function]
	if !known {
		return nil
	}
	from := "y"
	if a.FromX() {
		from = "x"
	}
	return define("ALPHA", a.Alpha, "VALUE", row.value, "FROM", from, "DERIVATIVE", row.derivative)
}
