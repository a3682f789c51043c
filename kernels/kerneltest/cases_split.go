package kerneltest

import "cnn-gpu/kernels"

// splitCases are gradients by filters whose sums a GPU splits, in tiles as large as there are and in slices so long that it looks up in
// several goes where their positions lie.
func splitCases() []Case {
	var cases []Case
	one, three := [2]int{1, 1}, [2]int{3, 3}
	for _, s := range []convShape{
		{1, 27, 28, 256, 768, one, one, one, kernels.Valid},
		{3, 16, 17, 128, 320, three, one, one, kernels.Same},
		{2, 14, 15, 68, 130, three, one, one, kernels.Same},
		{17, 64, 64, 3, 2, one, one, one, kernels.Valid},
	} {
		_, _, wgrad := s.ops()
		cases = append(cases, newIntegerCase(s.String()+"_split_int", wgrad, nil))
	}
	return cases
}
