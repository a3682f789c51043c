package kernels

import sys "golang.org/x/sys/cpu"

//go:generate go run ./internal/productgen -out product_avx2_amd64.s
//go:generate go run ./internal/transposegen -out transpose_avx2_amd64.s

// CPUVariants lists the variants that this CPU can run, the fastest first.
func CPUVariants() []string {
	if sys.X86.HasAVX2 && sys.X86.HasFMA {
		return []string{avx2, portable}
	}
	return []string{portable}
}

// productAVX2 computes the product with AVX2 and FMA.
//
//go:noescape
func productAVX2(t *product)

// transposeAVX2 transposes matrices whose numbers of rows and columns are multiples of 8, and not zero.
//
//go:noescape
func transposeAVX2(dst, src *float32, dstStride, srcStride, rows, columns int)
