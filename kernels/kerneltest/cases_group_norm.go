package kerneltest

import (
	"math"

	"cnn-gpu/kernels"
)

// groupNormShapes are one value in all, vectors and images in one group, more rows than one part sums, more channels than one block has, groups of
// one channel, and groups of more values than a block has threads.
var groupNormShapes = []kernels.GroupNorm{
	{N: 1, P: 1, C: 1, G: 1}, {N: 2, P: 1, C: 5, G: 1}, {N: 7, P: 3, C: 33, G: 11}, {N: 5, P: 12, C: 8, G: 8}, {N: 3, P: 45, C: 14, G: 2},
	{N: 1037, P: 1, C: 6, G: 2}, {N: 2, P: 577, C: 3, G: 1}, {N: 3, P: 2, C: 523, G: 1}, {N: 2, P: 3, C: 522, G: 9},
}

func groupNormCases() []Case {
	const epsilon = 1e-3
	var cases []Case
	for _, g := range groupNormShapes {
		x, mean, variance := float("x", g.N, g.P, g.C), float("mean", g.N, g.G), float("variance", g.N, g.G)
		gamma, beta, dy := float("gamma", g.C), float("beta", g.C), float("dy", g.N, g.P, g.C)
		fprop := kernels.GroupNormFprop{GroupNorm: g, Epsilon: epsilon, X: x, Gamma: gamma, Beta: beta, Mean: mean, Variance: variance, Y: float("y", g.N, g.P, g.C)}
		dgrad := kernels.GroupNormDgrad{GroupNorm: g, Epsilon: epsilon, X: x, Mean: mean, Variance: variance, Gamma: gamma, DY: dy, DX: float("dx", g.N, g.P, g.C)}
		wgrad := kernels.GroupNormWgrad{GroupNorm: g, Epsilon: epsilon, X: x, Mean: mean, Variance: variance, DY: dy, DGamma: float("dgamma", g.C)}
		plain, plainDgrad := fprop, dgrad
		plain.Gamma, plain.Beta, plain.Mean, plain.Variance, plainDgrad.Gamma = nil, nil, nil, nil, nil
		fill := map[string]contents{"mean": scaled(0.1), "variance": positives}
		name := g.String()
		cases = append(cases,
			newCase(name, fprop, nil), newCase(name+"_plain", plain, nil),
			newCase(name+"_far", fprop, map[string]contents{"x": shifted(4096, reals)}),
			newCase(name+"_constant", fprop, map[string]contents{"x": constant(0.3)}),
			newCase(name+"_overflow", fprop, map[string]contents{"x": atFirst(1, math.Inf(1), reals)}),
			newCase(name, dgrad, fill), newCase(name+"_plain", plainDgrad, fill), newCase(name, wgrad, fill),
			newCase(name+"_overflow", dgrad, map[string]contents{"mean": scaled(0.1), "variance": atFirst(1, math.Inf(1), positives)}),
		)
		// As training runs them.
		forward, back := fprop, dgrad
		forward.Mean, forward.Variance = private("mean", g.N, g.G), private("variance", g.N, g.G)
		back.Mean, back.Variance, wgrad.Mean, wgrad.Variance = forward.Mean, forward.Variance, forward.Mean, forward.Variance
		cases = append(cases, newListCase(name, []kernels.Op{forward, wgrad, back}, nil))
	}
	return cases
}
