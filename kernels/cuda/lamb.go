package cuda

import "cnn-gpu/kernels"

func lamb(op kernels.Lamb) []Launch {
	const float64Size = 8
	n := op.W.Elements()
	step := perElement("lamb.cu", "lamb", n)
	moments := step
	moments.Function = "lamb_moments"
	moments.Grid[0] = min(moments.Grid[0], manyBlocks)
	moments.Workspace = 2 * moments.Grid[0] * float64Size
	moments.Defines = define("ELEMENTS", n, "BLOCKS", moments.Grid[0], "THREADS", moments.Block[0],
		"BETA1", op.Beta1, "BETA2", op.Beta2, "EPSILON", op.Epsilon)
	step.Defines = moments.Defines
	return []Launch{moments, step}
}
