package cuda

import "cnn-gpu/kernels"

func clipNorm(op kernels.ClipNorm) []Launch {
	const float64Size = 8
	clip := perVector("clip_norm.cu", "clip_norm", []*kernels.Buffer{op.X})
	clip.Grid[0] = min(clip.Grid[0], 4*manyBlocks)
	clip.Defines = append(clip.Defines, define("BLOCKS", clip.Grid[0], "THREADS", clip.Block[0], "NORM", op.Norm)...)
	sums := clip
	sums.Function = "clip_norm_sums"
	sums.Workspace = sums.Grid[0] * float64Size
	return []Launch{sums, clip}
}
