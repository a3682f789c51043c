package cuda

import "cnn-gpu/kernels"

func tally(op kernels.Tally) []Launch {
	const threads = 256
	return []Launch{{
		Source: "tally.cu", Function: "tally", Defines: define("N", op.N, "K", op.K, "THREADS", threads),
		Grid: [3]int{1, 1, 1}, Block: [3]int{threads, 1, 1},
	}}
}
