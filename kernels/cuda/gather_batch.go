package cuda

import "cnn-gpu/kernels"

func gatherBatch(op kernels.GatherBatch) []Launch {
	image, values := op.Image(), 4
	if image%values != 0 {
		values = 1
	}
	threads := op.N * image / values
	l := perElement("gather_batch.cu", "gather_batch", threads,
		define("THREADS", threads, "N", op.N, "W", op.W, "C", op.C, "IMAGE", image, "VALUES", values, "PLACED", op.Places != nil)...)
	l.Early = true
	return []Launch{l}
}
