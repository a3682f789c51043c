package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"cnn-gpu/kernels"
)

// lossCases are those of losses with a target for each value.
func lossCases() []Case {
	var cases []Case
	for _, s := range [][2]int{{1, 1}, {1, 2}, {3, 10}, {33, 31}, {5, 67}} {
		n, k := s[0], s[1]
		name := fmt.Sprintf("%dx%d", n, k)
		oneHot := kernels.OneHot{N: n, K: k, Labels: integer("labels", n), Y: float("y", n, k)}
		cases = append(cases,
			newIntegerCase(name+"_int", oneHot, map[string]contents{"labels": labels(k)}),
			newIntegerCase(name+"_all_int", oneHot, map[string]contents{"labels": constant(float64(k - 1))}))
		tally := kernels.BinaryTally{
			N: n, K: k, Loss: float("loss", n), Scores: float("scores", n, k), Targets: float("targets", n, k), Labels: integer("labels", n), Totals: float("totals", kernels.BinaryTallySize),
		}
		fill := map[string]contents{"loss": positives, "scores": cycled(0.25, 0.75, 0.5, 1, 0), "targets": cycled(0, 1, 1), "labels": labels(k), "totals": cycled(3.25, 1e-8, 7.1, 11, -1e-8)}
		cases = append(cases, newCase(name, tally, fill),
			newCase(name+"_none", tally, map[string]contents{"labels": constant(-1), "totals": cycled(3.25, 0, 7, 11, 0)}))
		cases = append(cases, categoricalCasesOf(n, k)...)
		cases = append(cases, elementLossCasesOf(n, k)...)
	}
	return cases
}

type lossContents struct {
	name              string
	x, targets, label contents
}

// usual is how many of a list of contents every shape has; one has all of them.
func usual[T any](list []T, rows int) []T {
	if rows == 3 {
		return list
	}
	return list[:2]
}

// shares are targets: of two, one is 0 or 1, and the other anything between.
func shares(r *rand.Rand, _ int) float64 {
	v := r.Float64()
	if r.IntN(2) == 0 {
		return math.Round(v)
	}
	return v
}

func categoricalCasesOf(n, k int) []Case {
	var cases []Case
	for _, g := range []kernels.Categorical{{Alpha: 1}, {Alpha: 0.25, Gamma: 2}, {Alpha: 0.7, Gamma: 0.5}} {
		g.N, g.K = n, k
		x, targets, classes := float("x", n, k), float("targets", n, k), integer("labels", n)
		fprop := kernels.CategoricalCrossEntropyFprop{Categorical: g, X: x, Targets: targets, Labels: classes, Y: float("y", n, k), Loss: float("loss", n)}
		dgrad := kernels.CategoricalCrossEntropyDgrad{Categorical: g, X: x, Targets: targets, Labels: classes, DX: float("dx", n, k)}
		name := fmt.Sprintf("%dx%d_%v_%v", n, k, g.Alpha, g.Gamma)
		for _, c := range usual([]lossContents{
			{"", scaled(3), shares, labels(k)}, {"_hard", scaled(3), cycled(0, 1, 0), constant(0)}, {"_none", scaled(3), shares, constant(-1)},
			{"_equal", constant(5), shares, labels(k)}, {"_large", scaled(1e4), shares, labels(k)},
		}, n) {
			fill := map[string]contents{"x": c.x, "targets": c.targets, "labels": c.label}
			cases = append(cases, newCase(name+c.name, fprop, fill), newCase(name+c.name, dgrad, fill))
		}
	}
	return cases
}

func elementLossCasesOf(n, k int) []Case {
	var list []kernels.ElementLoss
	for _, f := range kernels.LossFunctions() {
		list = append(list, kernels.ElementLoss{Function: f, Delta: 0.7})
	}
	list = append(list, kernels.ElementLoss{Function: kernels.BinaryCrossEntropy, Gamma: 2},
		kernels.ElementLoss{Function: kernels.BinaryCrossEntropy, Alpha: 0.25, Gamma: 0.5})
	var cases []Case
	for _, g := range list {
		g.N, g.K = n, k
		x, targets, classes := float("x", n, k), float("targets", n, k), integer("labels", n)
		fprop := kernels.ElementLossFprop{ElementLoss: g, X: x, Targets: targets, Labels: classes, Loss: float("loss", n)}
		dgrad := kernels.ElementLossDgrad{ElementLoss: g, X: x, Targets: targets, Labels: classes, DX: float("dx", n, k)}
		name := fmt.Sprintf("%v_%dx%d_%v_%v", g.Function, n, k, g.Alpha, g.Gamma)
		for _, c := range usual([]lossContents{
			{"", scaled(3), shares, labels(k)}, {"_hard", scaled(3), cycled(0, 1, 0), constant(0)}, {"_none", scaled(3), shares, constant(-1)},
			{"_equal", constant(0.25), constant(0.25), labels(k)}, {"_large", scaled(200), shares, labels(k)},
		}, n) {
			fill := map[string]contents{"x": c.x, "targets": c.targets, "labels": c.label}
			cases = append(cases, newCase(name+c.name, fprop, fill), newCase(name+c.name, dgrad, fill))
		}
	}
	return cases
}
