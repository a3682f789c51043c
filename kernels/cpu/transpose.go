package cpu

// transpose writes a matrix [rows columns] the other way round, dst[j·dstStride + i] = src[i·srcStride + j].
func transpose(dst, src []float32, dstStride, srcStride, rows, columns int) {
	var tiled struct{ rows, columns int }
	if variant != portable && rows >= 8 && columns >= 8 {
		tiled.rows, tiled.columns = rows/8*8, columns/8*8
		_, _ = dst[(tiled.columns-1)*dstStride+tiled.rows-1], src[(tiled.rows-1)*srcStride+tiled.columns-1]
		transposeAVX2(&dst[0], &src[0], dstStride, srcStride, tiled.rows, tiled.columns)
	}
	for i := range rows {
		from := 0
		if i < tiled.rows {
			from = tiled.columns
		}
		for j := from; j < columns; j++ {
			dst[j*dstStride+i] = src[i*srcStride+j]
		}
	}
}
