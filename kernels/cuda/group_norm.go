package cuda

import "cnn-gpu/kernels"

// perGroup is a launch with a warp for each group of each example of a normalisation within examples, or with a block for each where groups
// are large or few; see group_norm.cuh.
func perGroup(function string, g kernels.GroupNorm, epsilon float64, buffers ...*kernels.Buffer) Launch {
	const warp, most, warps, mostOfThread, enough = 32, 1024, 8, 16, manyBlocks * 1024
	width := widthOf(g.Channels(), buffers...)
	if g.P > 1 && g.Channels() < warp {
		width = 1 // a warp's vectors would lie in many rows
	}
	vectors, threads, groups := g.P*g.Channels()/width, warp, warps
	for threads < min(vectors, most) && (vectors > mostOfThread*threads || g.N*g.G*threads < enough) {
		threads *= 2
		groups = 1
	}
	return Launch{
		Source: function + ".cu", Function: function,
		Defines: define("N", g.N, "P", g.P, "C", g.C, "G", g.G, "WIDTH", width, "THREADS", threads, "GROUPS", groups, "EPSILON", float32(epsilon)),
		Grid:    [3]int{kernels.CeilDiv(g.N*g.G, groups), 1, 1}, Block: [3]int{threads, groups, 1},
	}
}
