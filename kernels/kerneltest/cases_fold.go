package kerneltest

import (
	"fmt"
	"math"

	"cnn-gpu/kernels"
)

// foldCases are weights into which a normalisation is folded, alone and with the convolution or the dense layer that they are for; and lists that
// look as if they could be folded.
func foldCases() []Case {
	var cases []Case
	for _, size := range [][2]int{{1, 1}, {9, 5}, {3, 523}, {1300, 33}} {
		op := kernels.BatchNormFold{
			D: size[0], K: size[1], Epsilon: 1e-3, W: float("w", size[0], size[1]), B: float("b", size[1]), Mean: float("mean", size[1]),
			Variance: float("variance", size[1]), Gamma: float("gamma", size[1]), Beta: float("beta", size[1]),
			FoldedW: float("folded_w", size[0], size[1]), FoldedB: float("folded_b", size[1]),
		}
		bare := op
		bare.B, bare.Gamma, bare.Beta = nil, nil, nil
		name := fmt.Sprintf("%dx%d", size[0], size[1])
		cases = append(cases,
			newCase(name, op, map[string]contents{"variance": positives}), newCase(name+"_bare", bare, map[string]contents{"variance": positives}),
			newCase(name+"_overflow", op, map[string]contents{"variance": atFirst(1, math.Inf(1), positives)}))
	}
	return append(cases, foldLists()...)
}

func foldLists() []Case {
	var cases []Case
	one, three := [2]int{1, 1}, [2]int{3, 3}
	fill := map[string]contents{"variance": positives, "mean": scaled(0.1)}
	for _, s := range []groupedShape{
		{convShape{5, 6, 7, 2, 8, three, one, one, kernels.Same}, 1}, {convShape{2, 5, 4, 1, 3, three, [2]int{2, 1}, one, kernels.Valid}, 1},
		{convShape{2, 9, 8, 16, 16, three, one, one, kernels.Same}, 1}, {convShape{3, 4, 4, 3, 5, one, one, one, kernels.Valid}, 1},
		{convShape{2, 5, 6, 6, 9, three, one, one, kernels.Same}, 3}, {convShape{3, 6, 5, 9, 9, three, one, one, kernels.Same}, 9},
		{convShape{2, 7, 6, 4, 8, three, [2]int{2, 2}, one, kernels.Valid}, 4}, // two filters for each channel
	} {
		conv, _, _ := convOps(s.geometry())
		g := conv.Conv2D
		norm := newBatchNormOps(kernels.BatchNorm{N: g.N, P: g.P * g.Q, C: g.K}, nil, true, true).fprop
		relu := kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.ReLU}, Y: float("relu", conv.Y.Shape...)}
		name := s.String()
		add := func(what string, ops ...kernels.Op) { cases = append(cases, newListCase(name+what, ops, fill)) }

		plain := conv
		plain.W, plain.B = private("folded_w", conv.W.Shape...), private("folded_b", g.K)
		add("_plain", kernels.BatchNormFold{
			D: g.R * g.S * g.GroupChannels(), K: g.K, Epsilon: norm.Epsilon, W: conv.W, B: conv.B, Mean: norm.Mean, Variance: norm.Variance, Gamma: norm.Gamma,
			Beta: norm.Beta, FoldedW: plain.W, FoldedB: plain.B,
		}, plain)

		conv.Y = private("maps", conv.Y.Shape...)
		norm.X, norm.Y = conv.Y, private("normalised", conv.Y.Shape...)
		relu.X = norm.Y
		pool := kernels.Pool2D{N: g.N, C: g.K, Window: must(kernels.NewWindow([2]int{g.P, g.Q}, [2]int{2, 2}, [2]int{1, 1}, one, kernels.Valid))}
		maximum := kernels.Pool2DFprop{Pool2D: pool, X: norm.Y, Y: float("pooled", g.N, pool.P, pool.Q, g.K)}
		bare := conv
		bare.B = nil
		unscaled := norm
		unscaled.Gamma, unscaled.Beta = nil, nil
		add("_relu", conv, norm, relu)
		add("_bare_relu", bare, unscaled, relu)
		add("_pool", bare, norm, maximum)

		// What makes the maps is seen by another op, outlives the run, or is written anew before they are normalised.
		seen := kernels.ActivationFprop{Activation: relu.Activation, X: conv.Y, Y: float("seen", conv.Y.Shape...)}
		add("_seen", conv, norm, relu, seen)
		kept, ofKept := conv, norm
		kept.Y = float("maps", conv.Y.Shape...)
		ofKept.X = kept.Y
		add("_kept", kept, ofKept, relu)
		add("_two_writers", conv, kernels.Zero{Y: norm.Mean}, norm, relu)
		add("_written_x", conv, kernels.Zero{Y: conv.X}, norm, relu)
	}
	dense := kernels.DenseFprop{Dense: kernels.Dense{N: 6, C: 7, K: 5}, X: float("x", 6, 7), W: float("w", 7, 5), B: float("b", 5), Y: private("scores", 6, 5)}
	norm := newBatchNormOps(kernels.BatchNorm{N: 6, P: 1, C: 5}, nil, true, true).fprop
	norm.X = dense.Y
	cases = append(cases, newListCase("6x7x5", []kernels.Op{dense, norm}, fill))
	// Each of a batch's vectors of 5 as 5 places of one channel: a scale for no channel of the dense layer.
	across := newBatchNormOps(kernels.BatchNorm{N: 6, P: 5, C: 1}, nil, true, true).fprop
	across.X = dense.Y.View("places", 0, 6, 5, 1)
	other := across
	other.X = dense.Y
	return append(cases, newListCase("6x7x5_view", []kernels.Op{dense, across}, fill), newListCase("6x7x5_across", []kernels.Op{dense, other}, fill))
}
