package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTranspose(t *testing.T) {
	used := variant
	defer func() { variant = used }()
	for _, variant = range Variants() {
		for _, size := range [][2]int{{1, 1}, {8, 8}, {7, 8}, {8, 7}, {16, 24}, {17, 9}, {9, 33}} {
			rows, columns := size[0], size[1]
			dstStride, srcStride := rows+3, columns+2
			src, dst := make([]float32, rows*srcStride), make([]float32, columns*dstStride)
			want := make([]float32, len(dst))
			for i := range src {
				src[i] = float32(i + 1)
			}
			for i := range rows {
				for j := range columns {
					want[j*dstStride+i] = src[i*srcStride+j]
				}
			}
			transpose(dst, src, dstStride, srcStride, rows, columns)
			assert.Equal(t, want, dst, "%v on %s", size, variant)
		}
	}
}
