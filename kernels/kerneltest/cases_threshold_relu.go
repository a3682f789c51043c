package kerneltest

import (
	"fmt"
	"math"

	"cnn-gpu/kernels"
)

func thresholdReLUCases() []Case {
	var cases []Case
	for _, r := range []kernels.ThresholdReLU{{Threshold: 0.25}, {Slope: 0.5, Max: 0.75}, {Threshold: 0.1, Slope: 0.3}, {Threshold: 0.25, Slope: 0.1, Max: 0.5}, {Threshold: 0.5, Max: 0.25}} {
		for _, n := range sizes {
			x, y, dy, dx := float("x", n), float("y", n), float("dy", n), float("dx", n)
			fprop, dgrad := kernels.ThresholdReLUFprop{ThresholdReLU: r, X: x, Y: y}, kernels.ThresholdReLUDgrad{ThresholdReLU: r, X: x, DY: dy, DX: dx}
			name := fmt.Sprintf("%d_%v", n, r)
			edges := map[string]contents{"x": cycled(0.25, 0, 0.5, 0.75, math.Inf(1), math.Inf(-1), math.NaN(), 3e38, -3e38, 1e-45)}
			cases = append(cases, newCase(name, fprop, nil), newCase(name, dgrad, nil), newCase(name+"_edges", fprop, edges), newCase(name+"_edges", dgrad, edges))
		}
		// What a convolution makes may lie on either side.
		conv, _, _ := convShape{2, 5, 4, 3, 6, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same}.ops()
		conv.Y = private("maps", conv.Y.Shape...)
		cases = append(cases, newListCase(fmt.Sprint(r), []kernels.Op{
			conv, kernels.ThresholdReLUFprop{ThresholdReLU: r, X: conv.Y, Y: float("activated", conv.Y.Shape...)},
			kernels.ThresholdReLUDgrad{ThresholdReLU: r, X: conv.Y, DY: float("dy", conv.Y.Shape...), DX: float("dx", conv.Y.Shape...)},
		}, nil))
	}
	return cases
}
