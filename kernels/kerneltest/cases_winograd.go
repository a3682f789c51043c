package kerneltest

import "cnn-gpu/kernels"

// winogradShapes are convolutions that Winograd's algorithms can compute, with outputs of less than a tile, of whole tiles, and of some
// more, and enough channels that a device may choose one.
var winogradShapes = func() []convShape {
	one, three := [2]int{1, 1}, [2]int{3, 3}
	shape := func(n, h, w, c, k int, padding kernels.Padding) convShape {
		return convShape{n, h, w, c, k, three, one, one, padding}
	}
	return []convShape{
		shape(1, 3, 3, 8, 8, kernels.Valid),   // a single output
		shape(1, 4, 4, 24, 32, kernels.Valid), // a single tile of 2x2
		shape(3, 5, 4, 16, 8, kernels.Same),
		shape(1, 1, 1, 8, 24, kernels.Same), // the window is larger than the image
		shape(2, 6, 6, 32, 32, kernels.Valid),
		shape(3, 7, 6, 40, 40, kernels.Valid),
		shape(9, 5, 5, 32, 32, kernels.Valid), // a single tile of 3x3
		shape(1, 12, 13, 16, 32, kernels.Valid),
		shape(2, 8, 10, 24, 24, kernels.Same),
		shape(1, 26, 25, 24, 40, kernels.Same), // several blocks of tiles
		shape(1, 17, 31, 16, 16, kernels.Same),
		shape(33, 2, 4, 32, 24, kernels.Same),
		shape(7, 18, 17, 16, 16, kernels.Valid), // several chunks of images
		shape(1, 3, 5, 16, 72, kernels.Same),    // filters that take more memory than the image
		shape(1, 9, 9, 16, 40, kernels.Same),
	}
}()

// winogradCases leave the algorithm to the device. The coefficients of F(2×2, 3×3) are exact in float32, so integers must come out exact.
func winogradCases() []Case {
	var cases []Case
	for _, s := range winogradShapes {
		fprop, dgrad, wgrad := s.ops()
		noBias := fprop
		noBias.B = nil
		name := s.String()
		for _, op := range []kernels.Op{fprop, dgrad, wgrad} {
			cases = append(cases, newCase(name, op, nil), newIntegerCase(name+"_int", op, nil),
				newCase(name+"_few_pixels", op, map[string]contents{"x": fewPixels(s.c), "dy": fewPixels(s.k)}))
		}
		cases = append(cases, newCase(name+"_no_bias", noBias, nil),
			newListCase(name, s.convReLU(), nil), newIntegerListCase(name+"_int", s.convReLU(), nil))
	}
	return cases
}
