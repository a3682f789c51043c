package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"

	"cnn-gpu/kernels"
)

// sizes are those of elementwise ops: one element, tails of vectors and warps, and enough for several workers.
var sizes = []int{1, 3, 31, 33, 1000, 40001}

// elementwiseShapes are those sizes, and the scalar, which has no dimension.
func elementwiseShapes() [][]int {
	shapes := [][]int{{}}
	for _, n := range sizes {
		shapes = append(shapes, []int{n})
	}
	return shapes
}

func sizeName(shape []int) string {
	if len(shape) == 0 {
		return "scalar"
	}
	return fmt.Sprint(shape[0])
}

// allActivations are all functions, those with a parameter with several of its values.
func allActivations() (list []kernels.Activation) {
	for _, f := range kernels.Functions() {
		alphas := []float32{0}
		if f.Parameter() != "" {
			alphas = []float32{0.3, 0.01, 1}
		}
		for _, alpha := range alphas {
			list = append(list, kernels.Activation{Function: f, Alpha: alpha})
		}
	}
	return list
}

func activationCases() []Case {
	var cases []Case
	for _, f := range allActivations() {
		for _, shape := range elementwiseShapes() {
			cases = append(cases, activationCasesOf(f, shape...)...)
		}
		x := float("x", 67)
		edges := cycled(0, math.Copysign(0, -1), 1e-45, -1e-45, 1e-30, 88, -88, 89, -89, 104, -104, 3e38, -3e38,
			math.Inf(1), math.Inf(-1), math.NaN(), 3, -3, 6, -20, 1e4, -1e4)
		dgrad := kernels.ActivationDgrad{Activation: f, V: float("v", 67), DY: float("dy", 67), DX: x}
		inPlace := dgrad
		inPlace.DY = x
		cases = append(cases,
			newCase(fmt.Sprintf("%v_edges", f), kernels.ActivationFprop{Activation: f, X: x, Y: float("y", 67)}, map[string]contents{"x": edges}),
			newCase(fmt.Sprintf("%v_edges", f), dgrad, map[string]contents{"v": cycled(0, math.Copysign(0, -1), 0.5, 1, math.NaN())}),
			newCase(fmt.Sprintf("%v_of_edges", f), dgrad, map[string]contents{"v": derivedFrom(f, edges, 67)}),
			newCase(fmt.Sprintf("%v_in_place", f), kernels.ActivationFprop{Activation: f, X: x, Y: x}, nil),
			newCase(fmt.Sprintf("%v_in_place", f), inPlace, nil))
	}
	return cases
}

// derivedFrom is what the derivative at each of n numbers x is told from.
func derivedFrom(f kernels.Activation, x contents, n int) contents {
	values := sync.OnceValue(func() contents {
		if f.FromX() {
			return wants(draw(x, n), nil)
		}
		return wants(activationFprop(f, draw(x, n)))
	})
	return func(r *rand.Rand, i int) float64 { return values()(r, i) }
}

func activationCasesOf(f kernels.Activation, shape ...int) []Case {
	x, y, v, dy := float("x", shape...), float("y", shape...), float("v", shape...), float("dy", shape...)
	name := fmt.Sprintf("%v_%s", f, sizeName(shape))
	values := derivedFrom(f, scaled(3), x.Elements())
	return []Case{
		newCase(name, kernels.ActivationFprop{Activation: f, X: x, Y: y}, map[string]contents{"x": scaled(5)}),
		newCase(name, kernels.ActivationDgrad{Activation: f, V: v, DY: dy, DX: x}, map[string]contents{"v": values}),
	}
}

// preluCases are the ops of a PReLU, each by itself, and the gradient by the slopes as layers emit it.
func preluCases() []Case {
	var cases []Case
	for _, s := range [][2]int{{1, 1}, {3, 10}, {33, 31}, {2, 1000}, {1000, 1}, {129, 3}, {5003, 8}} {
		g := kernels.PReLU{M: s[0], K: s[1]}
		x, a, y, dy, dx := float("x", s[:]...), float("a", g.K), float("y", s[:]...), float("dy", s[:]...), float("dx", s[:]...)
		terms := private("terms", s[:]...)
		name := fmt.Sprintf("%dx%d", g.M, g.K)
		for _, edges := range []bool{false, true} {
			var fill map[string]contents
			if edges {
				name += "_edges"
				fill = map[string]contents{"x": cycled(0, math.Copysign(0, -1), 1e-45, -1e-45, 3e38, -3e38, math.Inf(1), math.NaN(), 2, -2)}
			}
			cases = append(cases,
				newCase(name, kernels.PReLUFprop{PReLU: g, X: x, A: a, Y: y}, fill),
				newCase(name, kernels.PReLUDgrad{PReLU: g, X: x, A: a, DY: dy, DX: dx}, fill),
				newCase(name, kernels.PReLUTerms{PReLU: g, X: x, DY: dy, T: y}, fill))
		}
		name = fmt.Sprintf("%dx%d", g.M, g.K)
		gradient := []kernels.Op{kernels.PReLUTerms{PReLU: g, X: x, DY: dy, T: terms}, kernels.BiasWgrad{M: g.M, K: g.K, DY: terms, DB: float("da", g.K)}}
		cases = append(cases, newListCase(name, gradient, nil), newIntegerListCase(name+"_int", gradient, nil))
	}
	// What a convolution makes may have either sign.
	s := convShape{2, 5, 4, 3, 6, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same}
	conv, _, _ := s.ops()
	conv.Y = private("maps", conv.Y.Shape...)
	g := kernels.PReLU{M: conv.N * conv.P * conv.Q, K: conv.K}
	a, dy := float("a", g.K), float("dy", conv.Y.Shape...)
	return append(cases, newListCase(s.String(), []kernels.Op{
		conv,
		kernels.PReLUFprop{PReLU: g, X: conv.Y, A: a, Y: float("activated", conv.Y.Shape...)},
		kernels.PReLUDgrad{PReLU: g, X: conv.Y, A: a, DY: dy, DX: float("dmaps", conv.Y.Shape...)},
		kernels.PReLUTerms{PReLU: g, X: conv.Y, DY: dy, T: float("terms", conv.Y.Shape...)},
	}, nil))
}

// classCases are those of softmax, its loss and the totals.
func classCases() []Case {
	var cases []Case
	for _, s := range [][2]int{{1, 1}, {1, 2}, {3, 10}, {33, 31}, {2, 1000}, {5, 17}, {129, 3}, {300, 2}} {
		cases = append(cases, classCasesOf(s[0], s[1])...)
	}
	return cases
}

func classCasesOf(n, k int) []Case {
	x, y, dy, dx := float("x", n, k), float("y", n, k), float("dy", n, k), float("dx", n, k)
	classes, loss, totals := integer("labels", n), float("loss", n), float("totals", kernels.TallySize)
	softmax := kernels.SoftmaxFprop{N: n, K: k, X: x, Y: y}
	dgrad := kernels.SoftmaxDgrad{N: n, K: k, Y: y, DY: dy, DX: dx}
	cross := kernels.CrossEntropyFprop{N: n, K: k, X: x, Labels: classes, Y: y, Loss: loss}
	crossDgrad := kernels.CrossEntropyDgrad{N: n, K: k, Y: y, Labels: classes, DX: dx}
	smoothed, smoothedDgrad := cross, crossDgrad
	smoothed.Smoothing, smoothedDgrad.Smoothing = 0.1, 0.1
	tally := kernels.Tally{N: n, K: k, Loss: loss, Scores: y, Labels: classes, Totals: totals}

	name := fmt.Sprintf("%dx%d", n, k)
	probabilities := wants(softmaxFprop(n, k, exactly(draw(scaled(3), n*k))), nil)
	none, all := constant(-1), constant(float64(k-1))
	start := cycled(3.25, 1e-8, 7, 11)
	cases := []Case{
		newCase(name, dgrad, map[string]contents{"y": probabilities}),
		newCase(name, crossDgrad, map[string]contents{"y": probabilities, "labels": labels(k)}),
		newCase(name+"_smoothed", smoothedDgrad, map[string]contents{"y": probabilities, "labels": labels(k)}),
		newCase(name+"_all", crossDgrad, map[string]contents{"y": probabilities, "labels": all}),
		newCase(name+"_none", crossDgrad, map[string]contents{"y": probabilities, "labels": none}),
		newCase(name, tally, map[string]contents{"loss": positives, "scores": reals, "labels": labels(k), "totals": start}),
		newCase(name+"_none", tally, map[string]contents{"labels": none, "totals": cycled(3.25, 0, 7, 11)}),
		newIntegerCase(name+"_ties", tally, map[string]contents{"labels": labels(k), "totals": cycled(3, 0, 7, 11)}),
	}
	for _, logits := range []struct {
		name string
		x    contents
	}{{"", scaled(3)}, {"_equal", constant(5)}, {"_large", scaled(1e4)}, {"_huge", scaled(1e38 / 5)}, {"_tiny", scaled(1e-30)}} {
		cases = append(cases,
			newCase(name+logits.name, softmax, map[string]contents{"x": logits.x}),
			newCase(name+logits.name, cross, map[string]contents{"x": logits.x, "labels": labels(k)}),
			newCase(name+logits.name+"_smoothed", smoothed, map[string]contents{"x": logits.x, "labels": labels(k)}))
	}
	return append(cases,
		newCase(name+"_none", cross, map[string]contents{"labels": none}),
		newCase(name+"_none_smoothed", smoothed, map[string]contents{"labels": none}))
}

func dropoutCases() []Case {
	var cases []Case
	step := integer("step", 1)
	for i, rate := range []float64{0, 0.25, 0.5, 0.9, 1.0 / 3} {
		for _, shape := range elementwiseShapes() {
			x, y := float("x", shape...), float("y", shape...)
			op := kernels.Dropout{Rate: rate, Seed: uint32(i) * 0x9e3779b9, Stream: uint32(x.Elements()), X: x, Step: step, Y: y}
			cases = append(cases, newCase(fmt.Sprintf("%.2f_%s", rate, sizeName(shape)), op, map[string]contents{"step": constant(float64(i * 1000))}))
		}
	}
	return cases
}

func noiseCases() []Case {
	var cases []Case
	for i, deviation := range []float32{0.1, 1, 30} {
		for _, shape := range elementwiseShapes() {
			x, y := float("x", shape...), float("y", shape...)
			op := kernels.GaussianNoise{Deviation: deviation, Seed: uint32(i) * 0x9e3779b9, Stream: uint32(x.Elements()), X: x, Step: integer("step", 1), Y: y}
			cases = append(cases, newCase(fmt.Sprintf("%v_%s", deviation, sizeName(shape)), op, map[string]contents{"step": constant(float64(i * 1000))}))
		}
	}
	return cases
}

// binaryCases are values of one shape, and values that are repeated over rows.
func binaryCases() []Case {
	var cases []Case
	for _, f := range kernels.BinaryFunctions() {
		for _, n := range sizes {
			cases = append(cases, binaryCasesOf(kernels.Binary{Function: f, N: 1, M: 1, K: n})...)
		}
		for _, s := range [][3]int{{1, 7, 1}, {3, 1, 5}, {2, 35, 3}, {5, 2, 33}, {1, 257, 31}, {7, 169, 32}} {
			cases = append(cases, binaryCasesOf(kernels.Binary{Function: f, N: s[0], M: s[1], K: s[2]})...)
		}
		g := kernels.Binary{Function: f, N: 1, M: 1, K: 67}
		a, b, rows := float("a", 67), float("b", 67), float("rows", 9, 7)
		cases = append(cases,
			newCase(fmt.Sprintf("%v_special", f), kernels.BinaryFprop{Binary: g, A: a, B: b, Y: float("y", 67)}, map[string]contents{"a": specials, "b": specials}),
			newCase(fmt.Sprintf("%v_in_place", f), kernels.BinaryFprop{Binary: g, A: a, B: b, Y: a}, nil),
			newCase(fmt.Sprintf("%v_in_place_b", f), kernels.BinaryFprop{Binary: g, A: a, B: b, Y: b}, nil),
			newCase(fmt.Sprintf("%v_in_place_rows", f), kernels.BinaryFprop{
				Binary: kernels.Binary{Function: f, N: 1, M: 9, K: 7}, A: rows, B: float("b", 7), Y: rows,
			}, nil),
			newCase(fmt.Sprintf("%v_of_one", f), kernels.BinaryFprop{Binary: g, A: a, B: a, Y: float("y", 67)}, nil))
	}
	return cases
}

func binaryCasesOf(g kernels.Binary) []Case {
	shape := []int{g.N, g.M, g.K}
	a, b, dy := float("a", shape...), float("b", g.N, g.K), float("dy", shape...)
	fprop := kernels.BinaryFprop{Binary: g, A: a, B: b, Y: float("y", shape...)}
	dgrad := kernels.BinaryDgrad{Binary: g, A: a, B: b, DY: dy, DA: float("da", shape...), DB: float("db", shape...)}
	byA, byB := dgrad, dgrad
	byA.DB, byB.DA = nil, nil
	name := fmt.Sprintf("%v_%dx%dx%d", g.Function, g.N, g.M, g.K)
	return []Case{
		newCase(name, fprop, nil), newIntegerCase(name+"_int", fprop, nil),
		newCase(name, dgrad, nil), newIntegerCase(name+"_int", dgrad, nil), // integers of so small a range are often equal
		newCase(name+"_a", byA, nil), newCase(name+"_b", byB, nil),
	}
}

// smallCases are those of the ops that hold little arithmetic.
func smallCases() []Case {
	step, halt := integer("step", 1), integer("halt", 1)
	cases := []Case{
		newCase("int32_7", kernels.Zero{Y: integer("y", 7)}, nil),
		newCase("int32_scalar", kernels.Zero{Y: integer("y")}, nil),
	}
	for _, shape := range elementwiseShapes() {
		a, b, y, size := float("a", shape...), float("b", shape...), float("y", shape...), sizeName(shape)
		n := y.Elements()
		cases = append(cases,
			newCase(size, kernels.Add{A: a, B: b, Y: y}, nil),
			newIntegerCase(size+"_int", kernels.Add{A: a, B: b, Y: y}, nil),
			newCase(size+"_in_place", kernels.Add{A: a, B: b, Y: a}, nil),
			newCase(size+"_in_place_b", kernels.Add{A: a, B: b, Y: b}, nil),
			newCase(size+"_doubled", kernels.Add{A: a, B: a, Y: y}, nil),
			newCase(size, kernels.Rescale{Scale: 1. / 255, Offset: -0.5, X: a, Y: y}, map[string]contents{"x": scaled(100)}),
			newIntegerCase(size+"_int", kernels.Rescale{Scale: -3, Offset: 5, X: a, Y: y}, nil),
			newCase(size+"_in_place", kernels.Rescale{Scale: 0.3, X: a, Y: a}, nil),
			newCase(size+"_special", kernels.Rescale{Scale: 0.3, Offset: 1, X: a, Y: y}, map[string]contents{"a": specials}),
			newCase(size, kernels.Zero{Y: y}, nil))

		check := kernels.FiniteCheck{X: y, Step: step, Halt: halt}
		for _, c := range []struct {
			name string
			x    contents
			halt float64
		}{
			{"finite", reals, 0},
			{"large", cycled(math.MaxFloat32, -math.MaxFloat32), 0},
			{"first_nan", at(0, math.NaN(), reals), 0},
			{"last_nan", at(n-1, math.NaN(), reals), 0},
			{"infinite", at(n/2, math.Inf(1), reals), 0},
			{"minus_infinite", at(n/2, math.Inf(-1), reals), 0},
			{"halted", at(n/2, math.NaN(), reals), 3},
			{"halted_finite", reals, 3},
		} {
			cases = append(cases, newCase(size+"_"+c.name, check,
				map[string]contents{"x": c.x, "step": constant(12), "halt": constant(c.halt)}))
		}
	}
	return cases
}
