package kernels

import sys "golang.org/x/sys/cpu"

//go:generate go run ./internal/productgen -out product_amd64.s
//go:generate go run ./internal/transposegen -out transpose_amd64.s

// CPUVariants lists the variants that this CPU can run, the fastest first.
func CPUVariants() []string {
	var variants []string
	if sys.X86.HasAVX2 && sys.X86.HasFMA {
		if sys.X86.HasAVX512F {
			variants = append(variants, avx512)
		}
		variants = append(variants, avx2)
	}
	return append(variants, portable)
}

// productAVX2 computes the product with AVX2 and FMA.
//
//go:noescape
func productAVX2(t *product)

// productAVX512 computes the product with AVX-512F.
//
//go:noescape
func productAVX512(t *product)

// transposeAVX2 transposes matrices whose numbers of rows and columns are multiples of 8, and not zero.
//
//go:noescape
func transposeAVX2(dst, src *float32, dstStride, srcStride, rows, columns int)
