package cpu

import (
	sys "golang.org/x/sys/cpu"
)

//go:generate go run ./internal/gen

// Variants lists the variants that this CPU can run, the fastest first.
func Variants() []string {
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

// productNarrowAVX2 computes the first eight columns of the product with AVX2 and FMA.
//
//go:noescape
func productNarrowAVX2(t *product)

// productAVX512 computes the product with AVX-512F.
//
//go:noescape
func productAVX512(t *product)

// productPairAVX512 computes the columns of two panels of the product with AVX-512F.
//
//go:noescape
func productPairAVX512(t *product)

// pooledMaxAVX2 computes the products and their maxima with AVX2 and FMA.
//
//go:noescape
func pooledMaxAVX2(p *pooledProduct)

// pooledMinAVX2 computes the products and their minima with AVX2 and FMA.
//
//go:noescape
func pooledMinAVX2(p *pooledProduct)

// pooledMaxAVX512 computes the products of two panels and their maxima with AVX-512F.
//
//go:noescape
func pooledMaxAVX512(p *pooledProduct)

// pooledMinAVX512 computes the products of two panels and their minima with AVX-512F.
//
//go:noescape
func pooledMinAVX512(p *pooledProduct)

// depthwiseWindowsAVX2 computes the windows with AVX2 and FMA.
//
//go:noescape
func depthwiseWindowsAVX2(t *depthwiseWindows)

// depthwiseTapsAVX2 computes the sums with AVX2 and FMA.
//
//go:noescape
func depthwiseTapsAVX2(t *depthwiseTaps)

// depthwiseWindowsAVX512 computes the windows with AVX-512F.
//
//go:noescape
func depthwiseWindowsAVX512(t *depthwiseWindows)

// depthwiseTapsAVX512 computes the sums with AVX-512F.
//
//go:noescape
func depthwiseTapsAVX512(t *depthwiseTaps)

// gatherAVX2 computes the sums with AVX2 and FMA.
//
//go:noescape
func gatherAVX2(t *gather)

// gatherAVX512 computes the sums with AVX-512F.
//
//go:noescape
func gatherAVX512(t *gather)

// winogradAVX2 transforms some tiles with AVX2 and FMA. It calls each function by its name, so that t need not go to the heap.
func winogradAVX2(tile int, stage winogradStage, t *winogradTransform) {
	switch {
	case tile == 2 && stage == winogradInput:
		winogradInput2AVX2(t)
	case tile == 2 && stage == winogradFilter:
		winogradFilter2AVX2(t)
	case tile == 2 && stage == winogradGradient:
		winogradGradient2AVX2(t)
	case tile == 2 && stage == winogradOutput:
		winogradOutput2AVX2(t)
	case tile == 2 && stage == winogradWeights:
		winogradWeights2AVX2(t)
	case tile == 2 && stage == winogradSpread:
		winogradSpread2AVX2(t)
	case tile == 3 && stage == winogradInput:
		winogradInput3AVX2(t)
	case tile == 3 && stage == winogradFilter:
		winogradFilter3AVX2(t)
	case tile == 3 && stage == winogradGradient:
		winogradGradient3AVX2(t)
	case tile == 3 && stage == winogradOutput:
		winogradOutput3AVX2(t)
	case tile == 3 && stage == winogradWeights:
		winogradWeights3AVX2(t)
	case tile == 3 && stage == winogradSpread:
		winogradSpread3AVX2(t)
	}
}

//go:noescape
func winogradInput2AVX2(t *winogradTransform)

//go:noescape
func winogradFilter2AVX2(t *winogradTransform)

//go:noescape
func winogradOutput2AVX2(t *winogradTransform)

//go:noescape
func winogradGradient2AVX2(t *winogradTransform)

//go:noescape
func winogradWeights2AVX2(t *winogradTransform)

//go:noescape
func winogradSpread2AVX2(t *winogradTransform)

//go:noescape
func winogradInput3AVX2(t *winogradTransform)

//go:noescape
func winogradFilter3AVX2(t *winogradTransform)

//go:noescape
func winogradOutput3AVX2(t *winogradTransform)

//go:noescape
func winogradGradient3AVX2(t *winogradTransform)

//go:noescape
func winogradWeights3AVX2(t *winogradTransform)

//go:noescape
func winogradSpread3AVX2(t *winogradTransform)

// winogradAVX512 transforms some tiles with AVX-512F. See [winogradAVX2].
func winogradAVX512(tile int, stage winogradStage, t *winogradTransform) {
	switch {
	case tile == 2 && stage == winogradInput:
		winogradInput2AVX512(t)
	case tile == 2 && stage == winogradFilter:
		winogradFilter2AVX512(t)
	case tile == 2 && stage == winogradGradient:
		winogradGradient2AVX512(t)
	case tile == 2 && stage == winogradOutput:
		winogradOutput2AVX512(t)
	case tile == 2 && stage == winogradWeights:
		winogradWeights2AVX512(t)
	case tile == 2 && stage == winogradSpread:
		winogradSpread2AVX512(t)
	case tile == 3 && stage == winogradInput:
		winogradInput3AVX512(t)
	case tile == 3 && stage == winogradFilter:
		winogradFilter3AVX512(t)
	case tile == 3 && stage == winogradGradient:
		winogradGradient3AVX512(t)
	case tile == 3 && stage == winogradOutput:
		winogradOutput3AVX512(t)
	case tile == 3 && stage == winogradWeights:
		winogradWeights3AVX512(t)
	case tile == 3 && stage == winogradSpread:
		winogradSpread3AVX512(t)
	}
}

//go:noescape
func winogradInput2AVX512(t *winogradTransform)

//go:noescape
func winogradFilter2AVX512(t *winogradTransform)

//go:noescape
func winogradOutput2AVX512(t *winogradTransform)

//go:noescape
func winogradGradient2AVX512(t *winogradTransform)

//go:noescape
func winogradWeights2AVX512(t *winogradTransform)

//go:noescape
func winogradSpread2AVX512(t *winogradTransform)

//go:noescape
func winogradInput3AVX512(t *winogradTransform)

//go:noescape
func winogradFilter3AVX512(t *winogradTransform)

//go:noescape
func winogradOutput3AVX512(t *winogradTransform)

//go:noescape
func winogradGradient3AVX512(t *winogradTransform)

//go:noescape
func winogradWeights3AVX512(t *winogradTransform)

//go:noescape
func winogradSpread3AVX512(t *winogradTransform)

// listFiltersAVX2 makes the lists of the filters.
//
//go:noescape
func listFiltersAVX2(l *lister)

// listPlacesAVX2 makes the lists of the places, and counts the windows down.
//
//go:noescape
func listPlacesAVX2(l *lister)

// transposeAVX2 transposes matrices whose numbers of rows and columns are multiples of 8, and not zero.
//
//go:noescape
func transposeAVX2(dst, src *float32, dstStride, srcStride, rows, columns int)

// pickTableAVX2 makes the table, of at least pickEntries entries.
//
//go:noescape
func pickTableAVX2(p *pick)

// pickSumsAVX2 adds the sums of up to pickTaps taps.
//
//go:noescape
func pickSumsAVX2(p *pick)

// pickSumsAVX512 adds the sums of up to pickTaps taps with AVX-512F.
//
//go:noescape
func pickSumsAVX512(p *pick)

// joinBitsAVX2 joins the bits of at least one image to a multiple of 8 bytes, and not none.
//
//go:noescape
func joinBitsAVX2(bits []byte, values *float32, images, pitch int)
