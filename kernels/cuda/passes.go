package cuda

import (
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// Passes lists, in its order, the rewriting that only a GPU wants, for a precision that is not the default.
func Passes(p kernels.Precision) []rewrite.Pass {
	passes := []rewrite.Pass{directConvolution, denseHeads, joinBatchNorm, joinPools, joinMovingAverages}
	if p != kernels.FP32 {
		passes = append(passes, products(p), productWgrads(p), gatherParts, checkParts, adamOfParts, tallyBesideAdam, narrowFactors(p), storeNarrow(p))
	}
	return append(passes, gatherFirst)
}

// RoundsAs names the algorithm that computes a plain op, which an op of a rewritten list stands for, if that rounds otherwise than the sums
// as they stand; it is empty if not.
func RoundsAs(op, plain kernels.Op) string {
	if r, ok := op.(interface{ roundsAs(plain kernels.Op) string }); ok {
		return r.roundsAs(plain)
	}
	return rewrite.RoundsAs(op, plain)
}

// TensorPrecision is that of the factors which an op of a rewritten list multiplies on tensor cores; the default if it does not.
func TensorPrecision(op kernels.Op) kernels.Precision {
	if op, ok := op.(product); ok {
		return op.multiplies()
	}
	return kernels.DefaultPrecision
}

// Algorithm names how an op of a rewritten list is computed where there is a choice; it is empty where there is none.
func Algorithm(op kernels.Op) string {
	if a, ok := op.(interface{ algorithm() string }); ok {
		return a.algorithm()
	}
	return ""
}
