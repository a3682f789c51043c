package kerneltest

import (
	"fmt"
	"maps"
	"math"

	"cnn-gpu/kernels"
)

func optimizerCases() []Case {
	var cases []Case
	for _, n := range sizes {
		for _, step := range []float64{1, 2, 1000, 100_000} {
			cases = append(cases, adamCase(n, step, 0))
		}
		cases = append(cases, adamCase(n, 7, 5))
		for _, s := range []struct {
			name     string
			momentum float64
			centered bool
			halt     float64
		}{
			{"plain", 0, false, 0}, {"momentum", 0.9, false, 0}, {"centered", 0, true, 0}, {"both", 0.5, true, 0}, {"both_halted", 0.5, true, 4},
		} {
			op := kernels.RMSprop{
				Rho: 0.9, Momentum: s.momentum, Epsilon: 1e-7, Centered: s.centered,
				W: float("w", n), V: float("v", n), DW: float("dw", n), Rate: float("rate", 1), Halt: integer("halt", 1),
			}
			if s.centered {
				op.A = float("a", n)
			}
			if s.momentum != 0 {
				op.M = float("m", n)
			}
			// An average is at most the root of the mean square.
			fill := map[string]contents{"v": constant(1.5), "rate": constant(0.001), "halt": constant(s.halt), "dw": cycled(0.5, 0, -0.25, 1e-3, -1e-7, 1e-12, 3)}
			cases = append(cases, newCase(fmt.Sprintf("%d_%s", n, s.name), op, fill))
		}
		for _, s := range []struct {
			name     string
			momentum float64
			nesterov bool
			halt     float64
		}{
			{"plain", 0, false, 0}, {"momentum", 0.9, false, 0}, {"nesterov", 0.9, true, 0}, {"plain_halted", 0, false, 2},
			{"nesterov_halted", 0.9, true, 2},
		} {
			op := kernels.SGD{
				Momentum: s.momentum, Nesterov: s.nesterov,
				W: float("w", n), DW: float("dw", n), Rate: float("rate", 1), Halt: integer("halt", 1),
			}
			if s.momentum != 0 {
				op.V = float("v", n)
			}
			cases = append(cases, newCase(fmt.Sprintf("%d_%s", n, s.name), op,
				map[string]contents{"rate": constant(0.01), "halt": constant(s.halt)}))
		}
		cases = append(cases, haltedCases(n, 0)...)
		cases = append(cases, haltedCases(n, 3)...)
		cases = append(cases, clipCases(n)...)
		for _, s := range []struct {
			step, overwrite int
			halt            float64
		}{{1, 0, 0}, {2, 0, 0}, {1, 1, 0}, {6, 3, 0}, {7, 3, 0}, {6, 3, 2}, {9, 0, 2}} {
			cases = append(cases, newCase(fmt.Sprintf("%d_step%d_overwrite%d_halt%v", n, s.step, s.overwrite, s.halt), kernels.WeightAverage{
				Momentum: 0.999, Overwrite: s.overwrite, W: float("w", n), Average: float("average", n), Step: integer("step", 1), Halt: integer("halt", 1),
			}, map[string]contents{"step": constant(float64(s.step)), "halt": constant(s.halt)}))
		}
	}
	for _, size := range [][2]int{{1, 1}, {9, 5}, {17, 131}, {1300, 3}} {
		op := kernels.MaxNorm{D: size[0], K: size[1], Most: 1, W: float("w", size[:]...), Halt: integer("halt", 1)}
		name := fmt.Sprintf("%dx%d", size[0], size[1])
		going := map[string]contents{"halt": constant(0)}
		longest := op
		longest.Most = 0.5 * math.Sqrt(float64(size[0])) // some columns are longer, some shorter
		cases = append(cases, newCase(name, longest, going), newCase(name+"_halted", op, map[string]contents{"halt": constant(3)}),
			newCase(name+"_zero", op, map[string]contents{"halt": constant(0), "w": constant(0)}),
			newCase(name+"_long", op, map[string]contents{"halt": constant(0), "w": cycled(3e38, -1e38, 1)}))
	}
	return cases
}

// adamCase includes gradients and moments of zero, and tiny ones, where epsilon decides.
func adamCase(n int, step, halt float64) Case {
	op := kernels.Adam{
		Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7,
		W: float("w", n), M: float("m", n), V: float("v", n), DW: float("dw", n),
		Rate: float("rate", 1), Step: integer("step", 1), Halt: integer("halt", 1),
	}
	fill := map[string]contents{"v": positives, "rate": constant(0.001), "step": constant(step), "halt": constant(halt)}
	name := fmt.Sprintf("%d_step%.0f", n, step)
	switch {
	case halt != 0:
		name += "_halted"
	case step == 1:
		fill["m"], fill["v"] = constant(0), constant(0)
		fill["dw"] = cycled(0.5, 0, -0.25, 1e-3, -1e-7, 1e-12, 3)
	}
	return newCase(name, op, fill)
}

// haltedCases are those of optimizers that have no variants.
func haltedCases(n int, halt float64) []Case {
	w, m, dw, rate, stop := float("w", n), float("m", n), float("dw", n), float("rate", 1), integer("halt", 1)
	name := fmt.Sprint(n)
	if halt != 0 {
		name += "_halted"
	}
	fill := map[string]contents{
		"v": positives, "rate": constant(0.001), "halt": constant(halt), "dw": cycled(0.5, 0, -0.25, 1e-3, -1e-7, 1e-12, 3),
		"m": cycled(0, 0, 0.5, -1, 1e-9),
	}
	lamb := kernels.Lamb{
		Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, W: w, M: m, V: float("v", n), DW: dw, Rate: rate, Step: integer("step", 1), Halt: stop,
	}
	with := func(more map[string]contents) map[string]contents {
		all := maps.Clone(fill)
		maps.Copy(all, more)
		return all
	}
	return []Case{
		newCase(name, lamb, with(map[string]contents{"step": constant(7)})),
		newCase(name+"_first", lamb, with(map[string]contents{"step": constant(1), "m": constant(0), "v": constant(0)})),
		newCase(name+"_zero", lamb, with(map[string]contents{"step": constant(2), "w": constant(0)})),
		newCase(name+"_still", lamb, with(map[string]contents{"step": constant(2), "m": constant(0), "dw": constant(0)})),
		newCase(name, kernels.Adagrad{Initial: 0.1, Epsilon: 1e-7, W: w, V: float("v", n), DW: dw, Rate: rate, Halt: stop}, fill),
		newCase(name, kernels.Lion{Beta1: 0.9, Beta2: 0.99, W: w, M: m, DW: dw, Rate: rate, Halt: stop}, fill),
		newCase(name, kernels.WeightDecay{Decay: 0.004, W: w, Rate: rate, Halt: stop}, map[string]contents{"rate": constant(0.5), "halt": constant(halt)}),
	}
}

// clipCases are vectors that are longer than the norm, shorter, zero and so long that no float32 holds the sum of their squares.
func clipCases(n int) []Case {
	x := float("x", n)
	return []Case{
		newCase(fmt.Sprintf("%d_longer", n), kernels.ClipNorm{Norm: 0.01, X: x}, map[string]contents{"x": cycled(0.5, -0.25, 0, 3)}),
		newCase(fmt.Sprintf("%d_shorter", n), kernels.ClipNorm{Norm: 1e6, X: x}, nil),
		newCase(fmt.Sprintf("%d_zero", n), kernels.ClipNorm{Norm: 1, X: x}, map[string]contents{"x": constant(0)}),
		newCase(fmt.Sprintf("%d_long", n), kernels.ClipNorm{Norm: 1, X: x}, map[string]contents{"x": cycled(3e38, -1e38, 1)}),
		newCase(fmt.Sprint(n), kernels.ClipValue{Most: 0.3, X: x}, map[string]contents{"x": cycled(0.5, -0.5, 0, 0.25, -0.25, math.Inf(1), math.NaN())}),
	}
}
