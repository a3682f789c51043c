package cuda

import "cnn-gpu/kernels"

// batchNorm launches kernels of one source, each once over slices of the rows or once per column; see batch_norm.cuh.
type batchNorm struct {
	source  string
	columns int
	slices  int
	defines []Define
}

const batchNormThreadsX, batchNormThreadsY = 32, 8

func newBatchNorm(source string, g kernels.BatchNorm, classes int, epsilon float64) batchNorm {
	const slice = 1024
	b := batchNorm{source: source, columns: g.C, slices: kernels.CeilDiv(g.N*g.P, slice)}
	b.defines = define("N", g.N, "P", g.P, "C", g.C, "CLASSES", classes, "EPSILON", float32(epsilon), "SLICE", slice, "SLICES", b.slices,
		"COLUMN_BLOCKS", b.columnBlocks(), "THREADS_X", batchNormThreadsX, "THREADS_Y", batchNormThreadsY)
	return b
}

func (b batchNorm) columnBlocks() int { return kernels.CeilDiv(b.columns, batchNormThreadsX) }

// perSlice is a launch with a block for each slice of the rows and block of the columns, and a workspace for some sums of each slice.
func (b batchNorm) perSlice(function string, sums int) Launch {
	return Launch{
		Source: b.source, Function: function, Defines: b.defines,
		Grid: [3]int{b.columnBlocks() * b.slices, 1, 1}, Block: [3]int{batchNormThreadsX, batchNormThreadsY, 1},
		Workspace: sums * b.slices * b.columns * kernels.Float32.Size(),
	}
}

// perColumn is a launch with a thread for each column.
func (b batchNorm) perColumn(function string) Launch {
	return perElement(b.source, function, b.columns, b.defines...)
}
