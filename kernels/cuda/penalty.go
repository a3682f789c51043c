package cuda

import "cnn-gpu/kernels"

func penaltyFprop(op kernels.PenaltyFprop) []Launch {
	const float64Size = 8
	n := op.X.Elements()
	sums := penalty("penalty_sums", op.Penalty, n, n)
	if op.Each {
		each := sums
		each.Function, each.Grid[0] = "penalty_each", op.N
		return []Launch{each}
	}
	sums.Grid[0] = penaltyBlocks(n)
	sums.Workspace = sums.Grid[0] * float64Size
	return []Launch{sums, penalty("penalty_fprop", op.Penalty, n, op.N)}
}

func penaltyDgrad(op kernels.PenaltyDgrad) []Launch {
	n := op.X.Elements()
	return []Launch{penalty("penalty_dgrad", op.Penalty, n, n)}
}

// penalty is a launch with a thread for each of a number of values.
func penalty(function string, g kernels.Penalty, elements, threads int) Launch {
	l := perElement("penalty.cu", function, threads)
	l.Defines = define("ELEMENTS", elements, "N", max(g.N, 1), "K", g.Classes, "EACH", g.Each, "BLOCKS", penaltyBlocks(elements), "THREADS", l.Block[0], "L1", g.L1, "L2", g.L2)
	return l
}

func penaltyBlocks(elements int) int {
	return min(perElement("", "", elements).Grid[0], manyBlocks)
}
