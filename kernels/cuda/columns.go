package cuda

import "cnn-gpu/kernels"

// columns is how kernels of one source go over rows by their columns; see columns.cuh.
type columns struct {
	source             string
	count, slices      int
	blocks             int // of columns
	threadsX, threadsY int
	combineX, combineY int
	defines            []Define
}

// newColumns cuts rows up so that there are blocks to fill a GPU, and none with too little to do. What lies in rows is loaded and stored in vectors
// as wide as all of it allows.
func newColumns(source string, rows, count int, inRows []*kernels.Buffer, defines ...Define) columns {
	const threads, batch = 256, 4
	c := columns{source: source, count: count, combineX: 16, combineY: 32}
	width := widthOf(count, inRows...)
	vectors := count / width
	// The width of a block that leaves the fewest threads without a column: of those, the widest.
	for c.threadsX = 1; c.threadsX < min(vectors, 32); {
		c.threadsX *= 2
	}
	for x := c.threadsX / 2; x >= 8; x /= 2 {
		if kernels.RoundUp(vectors, x) < kernels.RoundUp(vectors, c.threadsX) {
			c.threadsX = x
		}
	}
	c.threadsY = threads / c.threadsX
	c.blocks = kernels.CeilDiv(vectors, c.threadsX)
	slice := kernels.CeilDiv(rows, max(1, min(2*manyBlocks/c.blocks, rows/(batch*c.threadsY))))
	c.slices = kernels.CeilDiv(rows, slice)
	c.defines = append(defines, define("ROWS", rows, "C", count, "WIDTH", width, "SLICE", slice, "SLICES", c.slices, "COLUMN_BLOCKS", c.blocks,
		"THREADS_X", c.threadsX, "THREADS_Y", c.threadsY, "COMBINE_X", c.combineX, "COMBINE_Y", c.combineY, "BATCH", batch)...)
	return c
}

// perSlice is a launch with a block for each slice of the rows and block of the columns, and a workspace for some sums of each slice.
func (c columns) perSlice(function string, sums int) Launch {
	return Launch{
		Source: c.source, Function: function, Defines: c.defines,
		Grid: [3]int{c.blocks * c.slices, 1, 1}, Block: [3]int{c.threadsX, c.threadsY, 1},
		Workspace: sums * c.slices * c.count * kernels.Float32.Size(),
	}
}

// combined is a launch that combines the slices.
func (c columns) combined(function string) Launch {
	return Launch{
		Source: c.source, Function: function, Defines: c.defines,
		Grid: [3]int{kernels.CeilDiv(c.count, c.combineX), 1, 1}, Block: [3]int{c.combineX, c.combineY, 1},
	}
}
