package kerneltest

import (
	"fmt"

	"cnn-gpu/kernels"
)

// penaltyCases are those of regularisers: of weights, which every example pays for, and of each example's own values.
func penaltyCases() []Case {
	var cases []Case
	for _, s := range [][2]int{{1, 1}, {3, 7}, {33, 31}, {5, 300}, {2, 4200}} {
		kinds := [][2]float32{{0.7, 0.01}}
		if s[0] == 3 {
			kinds = append(kinds, [2]float32{0.1, 0}, [2]float32{0, 0.3})
		}
		for _, by := range kinds {
			for _, each := range []bool{false, true} {
				n, m := s[0], s[1]
				p := kernels.Penalty{L1: by[0], L2: by[1], N: n, Classes: 4, Each: each}
				x, dy, classes := float("x", n, m), float("dy", n, m), integer("labels", n)
				fprop := kernels.PenaltyFprop{Penalty: p, X: x, Labels: classes, Loss: float("loss", n)}
				dgrad := kernels.PenaltyDgrad{Penalty: p, X: x, DY: dy, DX: float("dx", n, m)}
				dgrad.Labels = classes
				inPlace := dgrad
				inPlace.DX = dy
				fill := map[string]contents{"x": at(0, 0, scaled(3)), "labels": labels(4)}
				name := fmt.Sprintf("%dx%d_%v_%v_%v", n, m, by[0], by[1], each)
				all, allBack := fprop, dgrad
				all.Labels, allBack.Labels = nil, nil
				cases = append(cases, newCase(name+"_all", all, fill), newCase(name+"_all", allBack, fill))
				cases = append(cases, newCase(name, fprop, fill), newCase(name, dgrad, fill), newCase(name+"_in_place", inPlace, fill),
					newCase(name+"_none", fprop, map[string]contents{"labels": constant(-1)}))
			}
		}
	}
	return cases
}
