package kerneltest

import "cnn-gpu/kernels"

// tileCases are products of so many rows that GPUs compute them by each of their larger tiles, too: fprop with the columns, and dgrad.
func tileCases() []Case {
	var cases []Case
	for _, tiles := range []struct{ height, columns int }{{130, 70}, {95, 70}, {130, 37}, {95, 37}, {60, 37}, {60, 18}} {
		window, one := [2]int{1, 3}, [2]int{1, 1}
		forward := convShape{1, tiles.height, 131, 11, tiles.columns, window, one, one, kernels.Same}
		backward := convShape{1, tiles.height, 131, tiles.columns, 11, window, one, one, kernels.Same}
		fprop, _, _ := forward.ops()
		_, dgrad, _ := backward.ops()
		cases = append(cases, newCase(forward.String(), fprop, nil), newCase(backward.String(), dgrad, nil))
	}
	return cases
}
