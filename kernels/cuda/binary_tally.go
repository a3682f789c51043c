package cuda

import "cnn-gpu/kernels"

func binaryTally(op kernels.BinaryTally) []Launch {
	const threads = 256
	return []Launch{{
		Source: "binary_tally.cu", Function: "binary_tally", Defines: define("N", op.N, "K", op.K, "THREADS", threads),
		Grid: [3]int{1, 1, 1}, Block: [3]int{threads, 1, 1},
	}}
}
