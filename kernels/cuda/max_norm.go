package cuda

import "cnn-gpu/kernels"

func maxNorm(op kernels.MaxNorm) []Launch {
	const threadsX, threadsY = 32, 8
	return []Launch{{
		Source: "max_norm.cu", Function: "max_norm",
		Defines: define("D", op.D, "K", op.K, "MOST", op.Most, "THREADS_X", threadsX, "THREADS_Y", threadsY),
		Grid:    [3]int{kernels.CeilDiv(op.K, threadsX), 1, 1}, Block: [3]int{threadsX, threadsY, 1},
	}}
}
