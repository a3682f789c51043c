package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"cnn-gpu/kernels"
)

// batchNormShapes are one value in all, vectors, more rows than one part sums, and more channels than one block has.
var batchNormShapes = []kernels.BatchNorm{
	{N: 1, P: 1, C: 1}, {N: 2, P: 1, C: 5}, {N: 7, P: 3, C: 33}, {N: 5, P: 12, C: 8}, {N: 41, P: 25, C: 1}, {N: 13, P: 121, C: 17}, {N: 3, P: 2, C: 523},
}

func batchNormCases() []Case {
	var cases []Case
	for _, g := range batchNormShapes {
		cases = append(cases, batchNormCasesOf(g)...)
	}
	for _, n := range sizes {
		for _, halt := range []float64{0, 3} {
			cases = append(cases, newCase(fmt.Sprintf("%d_halt%v", n, halt), kernels.MovingAverage{
				Momentum: 0.99, X: float("x", n), Average: float("average", n), Halt: integer("halt", 1),
			}, map[string]contents{"halt": constant(halt)}))
		}
	}
	return cases
}

// movingAverageLists move averages one after the other: more than a device may move at once, of other sizes, and one that a later one is moved by.
func movingAverageLists() []Case {
	halt := integer("halt", 1)
	var ops []kernels.Op
	for i, n := range []int{1, 5, 300, 64, 7, 2, 33, 8, 9, 257, 3} {
		ops = append(ops, kernels.MovingAverage{
			Momentum: 0.9, X: float(fmt.Sprint("x", i), n), Average: float(fmt.Sprint("average", i), n), Halt: halt,
		})
	}
	first := ops[0].(kernels.MovingAverage)
	others := []kernels.Op{
		first, kernels.MovingAverage{Momentum: 0.9, X: float("x", 1), Average: first.X, Halt: halt},
		kernels.MovingAverage{Momentum: 0.5, X: float("z", 1), Average: float("y", 1), Halt: halt},
	}
	var cases []Case
	for _, h := range []float64{0, 3} {
		fill := map[string]contents{"halt": constant(h)}
		name := fmt.Sprint("halt", h)
		cases = append(cases, newListCase(name, ops, fill), newListCase(name, others, fill))
	}
	return cases
}

// batchNormOps are the ops of one normalisation.
type batchNormOps struct {
	stats kernels.BatchNormStats
	fprop kernels.BatchNormFprop
	sums  kernels.BatchNormSums
	dgrad kernels.BatchNormDgrad
}

func newBatchNormOps(g kernels.BatchNorm, classes *kernels.Buffer, withGamma, withBeta bool) batchNormOps {
	const epsilon = 1e-3
	x, mean, variance, y := float("x", g.N, g.P, g.C), float("mean", g.C), float("variance", g.C), float("y", g.N, g.P, g.C)
	dy, dySum, dyxSum, dx := float("dy", g.N, g.P, g.C), float("dy_sum", g.C), float("dyx_sum", g.C), float("dx", g.N, g.P, g.C)
	var gamma, beta *kernels.Buffer
	if withGamma {
		gamma = float("gamma", g.C)
	}
	if withBeta {
		beta = float("beta", g.C)
	}
	e := kernels.Examples{Labels: classes, Classes: 3}
	return batchNormOps{
		kernels.BatchNormStats{BatchNorm: g, Examples: e, X: x, Mean: mean, Variance: variance},
		kernels.BatchNormFprop{BatchNorm: g, Epsilon: epsilon, X: x, Mean: mean, Variance: variance, Gamma: gamma, Beta: beta, Y: y},
		kernels.BatchNormSums{BatchNorm: g, Examples: e, Epsilon: epsilon, X: x, Mean: mean, Variance: variance, DY: dy, DYSum: dySum, DYXSum: dyxSum},
		kernels.BatchNormDgrad{BatchNorm: g, Examples: e, Epsilon: epsilon, X: x, Mean: mean, Variance: variance, Gamma: gamma, DY: dy,
			DYSum: dySum, DYXSum: dyxSum, DX: dx},
	}
}

func batchNormCasesOf(g kernels.BatchNorm) []Case {
	var cases []Case
	classes := integer("labels", g.N)
	size := g.P * g.C
	for _, s := range []struct {
		name                string
		classes             *kernels.Buffer
		withGamma, withBeta bool
		fill                map[string]contents
	}{
		{"", nil, true, true, nil},
		{"_labels", classes, true, false, map[string]contents{"labels": labels(3)}},
		{"_last", classes, false, true, map[string]contents{"labels": at(g.N-1, -1, constant(2))}},
		{"_none", classes, false, false, map[string]contents{"labels": constant(-1)}},
		// What is no example may hold anything.
		{"_garbage", classes, true, true, map[string]contents{
			"labels": at(0, -1, constant(0)), "x": atFirst(size, math.NaN(), reals), "dy": atFirst(size, math.Inf(1), reals),
		}},
		// E[X²] − Mean² would leave nothing of the variance.
		{"_far", nil, true, true, map[string]contents{"x": shifted(4096, reals), "mean": shifted(4096, constant(0.125))}},
		{"_overflow", nil, true, true, map[string]contents{"variance": atFirst(1, math.Inf(1), positives)}},
		{"_constant", nil, true, true, map[string]contents{"x": constant(0.3), "mean": constant(0.3), "variance": constant(0)}},
	} {
		ops := newBatchNormOps(g, s.classes, s.withGamma, s.withBeta)
		fill := map[string]contents{"mean": scaled(0.1), "variance": positives}
		for name, f := range s.fill {
			fill[name] = f
		}
		name := g.String() + s.name
		cases = append(cases, newCase(name, ops.stats, fill), newCase(name, ops.fprop, fill), newCase(name, ops.sums, fill),
			newCase(name, ops.dgrad, fill))
		inPlace := ops.dgrad
		inPlace.DX = inPlace.DY
		cases = append(cases, newCase(name+"_in_place", inPlace, fill))
	}
	return cases
}

// batchNormLists are a convolution, its normalisation and a ReLU, as a prediction and as training begin, and the gradients of the latter.
func batchNormLists() []Case {
	var cases []Case
	one, three := [2]int{1, 1}, [2]int{3, 3}
	for _, s := range []convShape{
		{5, 6, 7, 2, 8, three, one, one, kernels.Same}, {9, 12, 11, 1, 16, three, one, one, kernels.Same}, {33, 6, 5, 8, 16, three, one, one, kernels.Same},
	} {
		conv, convDgrad, convWgrad := s.ops()
		g := conv.Conv2D
		norm := newBatchNormOps(kernels.BatchNorm{N: g.N, P: g.P * g.Q, C: g.K}, integer("labels", g.N), true, true)
		fill := map[string]contents{"labels": labels(3), "variance": positives}
		conv.Y = private("maps", conv.Y.Shape...)
		norm.stats.X, norm.fprop.X, norm.fprop.Y = conv.Y, conv.Y, private("normalised", conv.Y.Shape...)
		relu := kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.ReLU}, X: norm.fprop.Y, Y: float("relu", conv.Y.Shape...)}
		name := s.String()
		cases = append(cases,
			newListCase(name, []kernels.Op{conv, norm.fprop, relu}, fill), newListCase(name, []kernels.Op{conv, norm.stats, norm.fprop, relu}, fill))

		behind := s
		behind.c, behind.k = g.K, 8
		next, _, _ := behind.ops()
		next.X = private("relu", conv.Y.Shape...)
		relu.Y = next.X
		norm.fprop.X = float("maps", conv.Y.Shape...)
		cases = append(cases, newListCase(name, []kernels.Op{norm.fprop, relu, next}, fill))

		norm.sums.DYSum, norm.sums.DYXSum = private("dy_sum", g.K), private("dyx_sum", g.K)
		norm.dgrad.DYSum, norm.dgrad.DYXSum, norm.dgrad.DX = norm.sums.DYSum, norm.sums.DYXSum, private("dmaps", conv.Y.Shape...)
		convDgrad.DY, convDgrad.DX = norm.dgrad.DX, float("dimages", conv.X.Shape...)
		convWgrad.DY, convWgrad.DW = norm.dgrad.DX, float("dw", conv.W.Shape...)
		convWgrad.X = float("images", conv.X.Shape...)
		cases = append(cases, newListCase(name, []kernels.Op{
			norm.sums, kernels.BiasWgrad{M: 1, K: g.K, DY: norm.sums.DYSum, DB: float("dbeta", g.K)},
			kernels.BiasWgrad{M: 1, K: g.K, DY: norm.sums.DYXSum, DB: float("dgamma", g.K)}, norm.dgrad, convWgrad, convDgrad,
		}, fill))
	}
	return cases
}

// batchNormChains are a normalisation, a residual sum and an activation, and the gradients from their sum back to the normalisation's input.
func batchNormChains() []Case {
	var cases []Case
	for i, g := range batchNormShapes {
		shape := []int{g.N, g.P, g.C}
		for _, f := range []kernels.Activation{{Function: kernels.ReLU}, {Function: kernels.ReLU6, Alpha: 0.5}, {Function: kernels.SiLU}} {
			for _, adds := range []bool{false, true} {
				norm := newBatchNormOps(g, integer("labels", g.N), i%2 == 0, i%3 == 0)
				fill := map[string]contents{"labels": labels(3), "mean": scaled(0.1), "variance": positives}
				name := fmt.Sprintf("%v_%v", g, f.Function)
				norm.fprop.Y = private("normalised", shape...)
				forward := []kernels.Op{norm.fprop}
				x := norm.fprop.Y
				if adds {
					x = private("sum", shape...)
					forward = append(forward, kernels.Add{A: float("shortcut", shape...), B: norm.fprop.Y, Y: x})
				}
				forward = append(forward, kernels.ActivationFprop{Activation: f, X: x, Y: float("out", shape...)})
				cases = append(cases, newListCase(name, forward, fill))

				// Backward, of two branches that meet, with V as it was kept and then as a value that the list itself computes.
				norm.sums.DYSum, norm.sums.DYXSum = private("dy_sum", g.C), private("dyx_sum", g.C)
				norm.dgrad.DYSum, norm.dgrad.DYXSum = norm.sums.DYSum, norm.sums.DYXSum
				dout, din := private("dout", shape...), private("dsum", shape...)
				norm.sums.DY, norm.dgrad.DY = din, din
				activation := kernels.ActivationDgrad{Activation: f, V: float("v", shape...), DY: dout, DX: din}
				backward := []kernels.Op{
					kernels.Add{A: float("dleft", shape...), B: float("dright", shape...), Y: dout}, activation, norm.sums,
					kernels.BiasWgrad{M: 1, K: g.C, DY: norm.sums.DYXSum, DB: float("dgamma", g.C)},
					kernels.BiasWgrad{M: 1, K: g.C, DY: norm.sums.DYSum, DB: float("dbeta", g.C)},
				}
				if adds { // the gradient goes on by the shortcut, too
					backward = append(backward, kernels.Add{A: din, B: float("others", shape...), Y: float("dshortcut", shape...)})
				}
				backward = append(backward, norm.dgrad)
				cases = append(cases, newListCase(name, backward, fill))
				if !adds {
					activation.V = forward[1].(kernels.ActivationFprop).Y
					if f.FromX() {
						activation.V = norm.fprop.Y
					}
					backward = slices.Clone(backward)
					backward[1] = activation
					cases = append(cases, newListCase(name, append(forward[:2:2], backward...), fill))
				}
			}
		}
	}
	return cases
}

// shifted is f and a number.
func shifted(by float64, f contents) contents {
	return func(r *rand.Rand, i int) float64 { return by + f(r, i) }
}

// atFirst is v in the first n elements and f behind them.
func atFirst(n int, v float64, f contents) contents {
	return func(r *rand.Rand, i int) float64 {
		if i < n {
			return v
		}
		return f(r, i)
	}
}
