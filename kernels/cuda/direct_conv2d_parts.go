package cuda

import "cnn-gpu/kernels"

// directBand is how many of an image's rows of gradients a block keeps: as many as its shared memory holds, unless the blocks were too few
// to fill a GPU.
func directBand(images, rows int, shared func(band int) int) int {
	for band := rows; band > 1; band-- {
		if shared(band) <= mostShared && images*kernels.CeilDiv(rows, band) >= mostSlices {
			return kernels.CeilDiv(rows, kernels.CeilDiv(rows, band))
		}
	}
	return 1
}

// inParts is a launch whose blocks share the bands of all images.
func (l Launch) inParts(images, band, rows int) []Launch {
	items := images * kernels.CeilDiv(rows, band)
	l.Grid[0] = min(items, mostSlices)
	l.Defines = append(l.Defines, define("BAND", band, "ITEMS", items, "BLOCKS", l.Grid[0])...)
	return []Launch{l}
}
