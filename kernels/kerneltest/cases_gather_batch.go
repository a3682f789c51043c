package kerneltest

import (
	"fmt"
	"math/rand/v2"

	"cnn-gpu/kernels"
)

// anyByte is in [0, 255].
func anyByte(r *rand.Rand, _ int) float64 { return float64(r.IntN(kernels.BytesOfTable)) }

// placements are ways to move and mirror an image of a shape, eight numbers each: as it is, mirrored both ways, moved so that a corner is left, and away.
func placements(h, w int) []float64 {
	var list []float64
	for _, p := range [][kernels.PlaceSize]int{
		{0, 1, 0, 1, 0, h, 0, w},
		{h - 1, -1, w - 1, -1, 0, h, 0, w},
		{h - 1, 1, -(w - 1), 1, 0, 1, w - 1, w},
		{h - 2, -1, -1, 1, 0, max(h-1, 0), 1, w},
		{0, 1, 0, 1, 0, 0, w, w},
	} {
		for _, v := range p {
			list = append(list, float64(v))
		}
	}
	return list
}

func gatherBatchCases() []Case {
	var cases []Case
	for _, g := range []struct {
		n, h, w, c, of, batches int
		at                      float64
	}{
		{1, 1, 1, 1, 1, 1, 1}, {3, 1, 7, 1, 5, 2, 2}, {4, 2, 2, 1, 9, 3, 1}, {5, 3, 4, 3, 7, 2, 2}, {2, 5, 1, 3, 4, 3, 3}, {3, 3, 3, 4, 300, 2, 1}, {2, 1, 257, 2, 3, 2, 2},
		{3, 2, 2, 2, 5, 2, 3}, {3, 5, 1, 1, 5, 2, 1e9}, // beyond the last batch
		{32, 28, 28, 1, 600, 4, 2},
	} {
		op := kernels.GatherBatch{
			N: g.n, H: g.h, W: g.w, C: g.c, Of: g.of, Batches: g.batches,
			Pixels: kernels.Kept("pixels", kernels.Uint8, g.of, g.h, g.w, g.c), Labels: integer("labels", g.of), Order: integer("order", g.batches, g.n), At: integer("at", kernels.AtSize),
			Table: float("table", g.c, kernels.BytesOfTable), X: float("x", g.n, g.h, g.w, g.c), Y: integer("y", g.n),
		}
		placed := op
		placed.Places, placed.Outside = integer("places", g.batches, g.n, kernels.PlaceSize), float("outside", g.c)
		order := func(r *rand.Rand, _ int) float64 { return float64(r.IntN(g.of+1) - 1) }
		fill := map[string]contents{
			"pixels": anyByte, "labels": anyByte, "order": order, "at": cycled(g.at, float64(g.batches)), "table": specials, "places": cycled(placements(g.h, g.w)...),
		}
		name := fmt.Sprint(g.n, "x", g.h, "x", g.w, "x", g.c, "_at_", g.at)
		cases = append(cases, newCase(name, op, fill), newCase(name+"_placed", placed, fill))
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
