package kerneltest

import "cnn-gpu/kernels"

// residentShapes are convolutions of images so small that GPUs keep them in shared memory: by tiles of 16, 32 and 64 columns, of a part of the image each and of two warps
// one below the other, and with more terms than a block's warps fetch ahead.
var residentShapes = func() []convShape {
	one, two := [2]int{1, 1}, [2]int{2, 2}
	return []convShape{
		{2, 9, 9, 64, 33, [2]int{3, 3}, one, two, kernels.Same},
		{1, 7, 8, 32, 17, [2]int{1, 2}, one, one, kernels.Same},
		{1, 7, 8, 64, 17, [2]int{1, 2}, one, one, kernels.Same},
		{1, 5, 5, 32, 64, [2]int{1, 2}, one, one, kernels.Same},
		{1, 5, 5, 64, 64, [2]int{1, 2}, one, one, kernels.Same},
		{1, 4, 3, 512, 7, [2]int{3, 3}, one, one, kernels.Valid},
	}
}()

// tileCases are products of so many rows that GPUs compute them by each of their larger tiles, too: fprop with the columns, and dgrad. Those of 64
// channels, whose images are as large as the result, are of tiles whose taps share pixels, as are lists of so wide images that they are not resident. Behind them are products of resident images.
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
		{1, 5, 60, 64, 256, [2]int{3, 3}, one, one, kernels.Same},
		{1, 5, 60, 256, 64, [2]int{3, 2}, one, [2]int{1, 3}, kernels.Same},
	} {
		fprop, dgrad, _ := s.ops()
		dgrad.DY, dgrad.DX = float("dy", dgrad.DY.Shape...), float("dx", dgrad.DX.Shape...)
		cases = append(cases, newListCase(s.String()+"_halo", []kernels.Op{fprop, dgrad}, nil))
	}
	for _, s := range residentShapes {
		fprop, _, _ := s.ops()
		s.c, s.k = s.k, s.c
		_, dgrad, _ := s.ops()
		dgrad.DY.Name, dgrad.W.Name, dgrad.DX.Name = "dy", "w2", "dx"
		cases = append(cases, newIntegerListCase(s.String()+"_resident", []kernels.Op{fprop, dgrad}, nil))
	}
	for _, s := range []convShape{
		{2, 11, 9, 64, 20, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid}, {1, 21, 15, 64, 3, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same},
	} {
		pooled := chainShape{s, [2]int{2, 2}, [2]int{2, 2}, kernels.Valid}.chain(kernels.MaxPool, true)
		pooled.pool.Index = nil
		cases = append(cases, newIntegerListCase(s.String()+"_resident", pooled.ops(), nil))
	}
	return cases
}
