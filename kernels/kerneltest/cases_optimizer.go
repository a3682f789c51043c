package kerneltest

import (
	"fmt"

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
