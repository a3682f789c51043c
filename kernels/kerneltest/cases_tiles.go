package kerneltest

import "cnn-gpu/kernels"

// tileCases are products of so many rows that GPUs compute them by each of their larger tiles, too: fprop with the columns, and dgrad. Those of 64
// channels, whose images are as large as the result, are of tiles whose taps share pixels.
func tileCases() []Case {
	var cases []Case
	one := [2]int{1, 1}
	both := func(height, terms, columns, taps int) {
		forward := convShape{1, height, 131, terms, columns, [2]int{1, taps}, one, one, kernels.Same}
		backward := convShape{1, height, 131, columns, terms, [2]int{1, taps}, one, one, kernels.Same}
		fprop, _, _ := forward.ops()
		_, dgrad, _ := backward.ops()
		cases = append(cases, newCase(forward.String(), fprop, nil), newCase(backward.String(), dgrad, nil))
	}
	for _, tiles := range []struct{ height, columns int }{{130, 70}, {95, 70}, {130, 37}, {95, 37}, {60, 37}, {60, 18}} {
		both(tiles.height, 11, tiles.columns, 3)
	}
	for _, tiles := range []struct{ height, columns int }{{194, 70}, {129, 70}, {65, 70}, {129, 37}, {65, 37}, {33, 37}, {33, 18}, {20, 18}} {
		both(tiles.height, 64, tiles.columns, 2)
	}
	for _, s := range []convShape{
		{2, 9, 11, 64, 192, [2]int{3, 3}, one, one, kernels.Same},
		{3, 7, 9, 192, 64, [2]int{3, 2}, one, [2]int{2, 3}, kernels.Same},
	} {
		fprop, dgrad, _ := s.ops()
		dgrad.DY, dgrad.DX = float("dy", dgrad.DY.Shape...), float("dx", dgrad.DX.Shape...)
		cases = append(cases, newListCase(s.String()+"_halo", []kernels.Op{fprop, dgrad}, nil))
	}
	return cases
}
