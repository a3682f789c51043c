package cuda

import "cnn-gpu/kernels"

// elementLosses are the functions as expressions in x and t, and their derivatives by x.
var elementLosses = map[kernels.LossFunction]struct{ value, gradient string }{
	kernels.SquaredError:       {"(x - t) * (x - t)", "2 * (x - t)"},
	kernels.AbsoluteError:      {"fabsf(x - t)", "x > t ? 1 : x < t ? -1 : x - t"},
	kernels.Huber:              {"huber(fabsf(x - t))", "fabsf(x - t) > DELTA ? copysignf(DELTA, x - t) : x - t"},
	kernels.BinaryCrossEntropy: {"balance(t) * focus(miss(x, t)) * cross_entropy(x, t)", "focal_gradient(x, t)"},
}

func elementLoss(function string, g kernels.ElementLoss) []Launch {
	f, isKnown := elementLosses[g.Function]
	if !isKnown {
		return nil
	}
	l := perRow("element_loss.cu", function, g.N, g.K)
	l.Defines = append(l.Defines, define("VALUE", f.value, "GRADIENT", f.gradient, "DELTA", g.Delta, "ALPHA", g.Alpha, "GAMMA", g.Gamma)...)
	return []Launch{l}
}
