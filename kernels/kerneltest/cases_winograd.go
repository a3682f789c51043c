package kerneltest

import (
	"fmt"

	"cnn-gpu/kernels"
)

// winogradShapes are convolutions that Winograd's algorithms can compute: outputs of less than a tile, of whole tiles, and of some more.
var winogradShapes = func() []convShape {
	one, three := [2]int{1, 1}, [2]int{3, 3}
	shape := func(n, h, w, c, k int, padding kernels.Padding) convShape {
		return convShape{n, h, w, c, k, three, one, one, padding}
	}
	return []convShape{
		shape(1, 3, 3, 8, 8, kernels.Valid), // a single output
		shape(2, 4, 5, 8, 16, kernels.Valid),
		shape(3, 5, 4, 16, 8, kernels.Same),
		shape(1, 1, 1, 8, 24, kernels.Same), // the window is larger than the image
		shape(9, 5, 5, 32, 32, kernels.Valid),
		shape(1, 12, 13, 16, 32, kernels.Valid),
		shape(2, 8, 10, 24, 24, kernels.Same),
		shape(2, 7, 6, 40, 24, kernels.Valid),
		shape(1, 26, 25, 24, 40, kernels.Same), // several blocks of tiles
		shape(1, 17, 31, 8, 16, kernels.Same),
		shape(33, 2, 3, 8, 8, kernels.Same),
		shape(7, 30, 29, 8, 8, kernels.Valid), // several chunks of images
	}
}()

// winogradCases run every algorithm. The coefficients of F(2×2, 3×3) are exact in float32, so integers must come out exact.
func winogradCases() []Case {
	var cases []Case
	for _, s := range winogradShapes {
		fprop, dgrad, wgrad := s.ops()
		for _, tile := range []int{2, 3} {
			fprop.Winograd, dgrad.Winograd, wgrad.Winograd = tile, tile, tile
			noBias := fprop
			noBias.B = nil
			relu := kernels.Conv2DChain{
				Conv: fprop, ReLU: &kernels.ActivationFprop{Function: kernels.ReLU, X: fprop.Y, Y: float("relu", fprop.Y.Shape...)},
			}
			name := fmt.Sprintf("%v_winograd%d", s, tile)
			cases = append(cases, newCase(name, fprop, nil), newCase(name+"_no_bias", noBias, nil), newCase(name, dgrad, nil), newCase(name, wgrad, nil), newCase(name, relu, nil))
			if tile == 2 {
				cases = append(cases, newIntegerCase(name+"_int", fprop, nil), newIntegerCase(name+"_int", dgrad, nil), newIntegerCase(name+"_int", wgrad, nil))
			}
		}
	}
	for _, s := range chainShapes {
		for _, tile := range []int{2, 3} {
			op := s.chain(kernels.MaxPool, true)
			if rows, columns := op.Outputs(); op.Conv.WinogradTile(rows, columns) == 0 {
				continue
			}
			op.Conv.Winograd = tile
			cases = append(cases, newCase(fmt.Sprintf("%v_winograd%d", s, tile), op, nil))
		}
	}
	return cases
}
