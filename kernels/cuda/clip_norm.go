package cuda

import "cnn-gpu/kernels"

func clipNorm(op kernels.ClipNorm) []Launch {
	const float64Size = 8
	n := op.X.Elements()
	clip := perElement("clip_norm.cu", "clip_norm", n)
	sums := clip
	sums.Function = "clip_norm_sums"
	sums.Grid[0] = min(sums.Grid[0], manyBlocks)
	sums.Workspace = sums.Grid[0] * float64Size
	sums.Defines = define("ELEMENTS", n, "BLOCKS", sums.Grid[0], "THREADS", sums.Block[0], "NORM", op.Norm)
	clip.Defines = sums.Defines
	return []Launch{sums, clip}
}
