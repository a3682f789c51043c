package kerneltest

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"cnn-gpu/kernels"
)

// headShape is the end of a classifier.
type headShape struct {
	n, in, hidden, k int // hidden is 0 without a hidden layer
	smoothing        float32
}

// manyHeads is the case of a classifier's end for many rows.
const manyHeads = "dense_fprop+activation_fprop+dense_fprop+cross_entropy_fprop+tally+cross_entropy_dgrad+dense_dgrad+activation_dgrad+dense_dgrad+" +
	"activation_dgrad+finite_check/131x6_5_2_0_step"

// denseHeadCases are the ends of classifiers in a training step, and in an evaluation.
func denseHeadCases() []Case {
	var cases []Case
	for _, s := range []headShape{
		{3, 70, 16, 10, 0}, {2, 5, 3, 2, 0.1}, {1, 33, 9, 1, 0}, {5, 40, 33, 3, 0}, {131, 6, 5, 2, 0}, {2, 9, 5, 37, 0.2}, {4, 33, 0, 10, 0}, {3, 7, 0, 33, 0.1}, {130, 2, 0, 3, 0},
		{3, 8, 6, 5, 0},   // whose input is rounded where it is made
		{1, 2, 130, 3, 0}, // more units than a head has
		{2, 1, 0, 600, 0}, // few inputs of many classes
	} {
		training := s.head()
		fill := map[string]contents{"labels": labels(s.k), "halt": constant(0), "totals": cycled(3.25, 0, 7, 11)}
		other := func(list []kernels.Op, name string) Case {
			return newListCase(fmt.Sprintf("%dx%d_%d_%d_%v_%s", s.n, s.in, s.hidden, s.k, s.smoothing, name), list, fill)
		}
		cases = append(cases, other(training.ops(), "step"), other(training.forward(), "forward"))
		behind := s.head()
		behind.mask.DX = private("dx before the ReLU", s.n, s.in)
		cases = append(cases, other(append(behind.ops(), kernels.DenseDgrad{
			Dense: kernels.Dense{N: s.n, C: 4, K: s.in}, DY: behind.mask.DX, W: float("w0", 4, s.in), DX: float("d0", s.n, 4),
		}), "step_behind"))
		cases = append(cases, other(s.head().wholeStep(), "step_whole"))
		fill = maps.Clone(fill)
		fill["x"] = constant(math.NaN())
		isTally := func(op kernels.Op) bool { return op == kernels.Op(training.tally) } // which does not say what NaN owes
		cases = append(cases, other(slices.DeleteFunc(training.ops(), isTally), "step_nan"))
	}
	return cases
}

// trainedHead are the ops of the end of a classifier.
type trainedHead struct {
	hidden, last kernels.DenseFprop
	relu         kernels.ActivationFprop
	loss         kernels.CrossEntropyFprop
	tally        kernels.Tally
	dloss        kernels.CrossEntropyDgrad
	dlast        kernels.DenseDgrad
	drelu        kernels.ActivationDgrad
	dhidden      kernels.DenseDgrad
	mask         kernels.ActivationDgrad // of a ReLU before the head
	check        kernels.FiniteCheck
}

func (s headShape) head() trainedHead {
	var h trainedHead
	n, k, units := s.n, s.k, s.in
	relu := kernels.Activation{Function: kernels.ReLU}
	x := float("x", n, s.in)
	before, dx := x, private("dx", n, s.in)
	if s.hidden > 0 {
		units = s.hidden
		h.hidden = kernels.DenseFprop{Dense: kernels.Dense{N: n, C: s.in, K: units}, X: x, W: float("w1", s.in, units), B: float("b1", units), Y: private("hidden", n, units)}
		h.relu = kernels.ActivationFprop{Activation: relu, X: h.hidden.Y, Y: float("h", n, units)}
		before = h.relu.Y
	}
	h.last = kernels.DenseFprop{Dense: kernels.Dense{N: n, C: units, K: k}, X: before, W: float("w2", units, k), B: float("b2", k), Y: float("logits", n, k)}
	classes := integer("labels", n)
	h.loss = kernels.CrossEntropyFprop{N: n, K: k, Smoothing: s.smoothing, X: h.last.Y, Labels: classes, Y: float("y", n, k), Loss: float("loss", n)}
	h.tally = kernels.Tally{N: n, K: k, Loss: h.loss.Loss, Scores: h.loss.Y, Labels: classes, Totals: float("totals", kernels.TallySize)}
	h.dloss = kernels.CrossEntropyDgrad{N: n, K: k, Smoothing: s.smoothing, Y: h.loss.Y, Labels: classes, DX: float("dz", n, k)}
	h.dlast = kernels.DenseDgrad{Dense: h.last.Dense, DY: h.dloss.DX, W: h.last.W, DX: dx}
	if s.hidden > 0 {
		h.dlast.DX = private("dh before the ReLU", n, units)
		h.drelu = kernels.ActivationDgrad{Activation: relu, V: h.relu.Y, DY: h.dlast.DX, DX: float("dh", n, units)}
		h.dhidden = kernels.DenseDgrad{Dense: h.hidden.Dense, DY: h.drelu.DX, W: h.hidden.W, DX: dx}
	}
	h.mask = kernels.ActivationDgrad{Activation: relu, V: x, DY: dx, DX: float("dx before the ReLU", n, s.in)}
	h.check = kernels.FiniteCheck{X: h.loss.Loss, Step: integer("step", 1), Halt: integer("halt", 1)}
	return h
}

// forward are those of an evaluation.
func (h trainedHead) forward() []kernels.Op {
	if h.hidden.Y == nil {
		return []kernels.Op{h.last, h.loss, h.tally}
	}
	return []kernels.Op{h.hidden, h.relu, h.last, h.loss, h.tally}
}

// ops are those of a training step.
func (h trainedHead) ops() []kernels.Op {
	ops := append(h.forward(), h.dloss, h.dlast)
	if h.hidden.Y != nil {
		ops = append(ops, h.drelu, h.dhidden)
	}
	return append(ops, h.mask, h.check)
}

// wholeStep are those of a training step with the gradients by the weights, for which alone the head hands its results on, and a layer before.
func (h trainedHead) wholeStep() []kernels.Op {
	x := h.mask.V
	n, in, relu := x.Shape[0], x.Shape[1], h.mask.Activation
	before := kernels.DenseFprop{Dense: kernels.Dense{N: n, C: 4, K: in}, X: float("x0", n, 4), W: float("w0", 4, in), B: float("b0", in), Y: private("y0", n, in)}
	ops := append([]kernels.Op{before, kernels.ActivationFprop{Activation: relu, X: before.Y, Y: x}}, h.ops()...)
	for _, b := range []*kernels.Buffer{x, h.relu.Y, h.dloss.DX, h.drelu.DX} {
		if b != nil {
			b.Keep = false
		}
	}
	wgrads := func(d kernels.DenseFprop, dy *kernels.Buffer, name string) {
		ops = append(ops, kernels.DenseWgrad{Dense: d.Dense, X: d.X, DY: dy, DW: float("d"+name, d.C, d.K)},
			kernels.BiasWgrad{M: d.N, K: d.K, DY: dy, DB: float("db of "+name, d.K)})
	}
	wgrads(h.last, h.dloss.DX, "w2")
	if h.hidden.Y != nil {
		wgrads(h.hidden, h.drelu.DX, "w1")
	}
	return ops
}
