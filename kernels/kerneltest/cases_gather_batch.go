package kerneltest

import (
	"fmt"
	"math/rand/v2"

	"cnn-gpu/kernels"
)

// anyByte is in [0, 255].
func anyByte(r *rand.Rand, _ int) float64 { return float64(r.IntN(kernels.BytesOfTable)) }

func gatherBatchCases() []Case {
	var cases []Case
	for _, g := range []struct {
		n, p, c, of, batches int
		at                   float64
	}{
		{1, 1, 1, 1, 1, 1}, {3, 7, 1, 5, 2, 2}, {4, 4, 1, 9, 3, 1}, {5, 12, 3, 7, 2, 2}, {2, 5, 3, 4, 3, 3}, {3, 9, 4, 300, 2, 1}, {2, 257, 2, 3, 2, 2},
		{3, 4, 2, 5, 2, 3}, {3, 5, 1, 5, 2, 1e9}, // beyond the last batch
		{32, 784, 1, 600, 4, 2},
	} {
		op := kernels.GatherBatch{
			N: g.n, P: g.p, C: g.c, Of: g.of, Batches: g.batches,
			Pixels: kernels.Kept("pixels", kernels.Uint8, g.of, g.p, g.c), Labels: integer("labels", g.of), Order: integer("order", g.batches, g.n), At: integer("at", kernels.AtSize),
			Table: float("table", g.c, kernels.BytesOfTable), X: float("x", g.n, g.p, g.c), Y: integer("y", g.n),
		}
		order := func(r *rand.Rand, _ int) float64 { return float64(r.IntN(g.of+1) - 1) }
		cases = append(cases, newCase(fmt.Sprint(g.n, "x", g.p, "x", g.c, "_at_", g.at), op,
			map[string]contents{"pixels": anyByte, "labels": anyByte, "order": order, "at": cycled(g.at, float64(g.batches)), "table": specials}))
	}
	return cases
}

func tickCases() []Case {
	var cases []Case
	for _, step := range []float64{0, 9374} {
		for _, at := range []float64{0, 6, 7, 1e9} { // of 7
			step, at := constant(step), cycled(at, 7)
			ops := map[string]kernels.Tick{
				"step":  {Step: integer("step", 1)},
				"batch": {At: integer("at", kernels.AtSize)},
				"both":  {Step: integer("step", 1), At: integer("at", kernels.AtSize)},
				"rates": {Step: integer("step", 1), At: integer("at", kernels.AtSize), Rates: float("rates", 9), Rate: float("rate", 1)},
			}
			for _, name := range []string{"step", "batch", "both", "rates"} {
				cases = append(cases, newCase(fmt.Sprint(name, len(cases)), ops[name], map[string]contents{"step": step, "at": at}))
			}
		}
	}
	return cases
}
