package cuda

import "cnn-gpu/kernels"

// perGroup is a launch with a block for each group of each example of a normalisation within examples; see group_norm.cuh.
func perGroup(function string, g kernels.GroupNorm, epsilon float64) Launch {
	const fewest, most = 32, 256
	threads := fewest
	for threads < min(g.P*g.Channels(), most) {
		threads *= 2
	}
	return Launch{
		Source: function + ".cu", Function: function,
		Defines: define("P", g.P, "C", g.C, "G", g.G, "THREADS", threads, "EPSILON", float32(epsilon)),
		Grid:    [3]int{g.N * g.G, 1, 1}, Block: [3]int{threads, 1, 1},
	}
}
