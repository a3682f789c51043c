//go:build !amd64

package cpu

// Variants lists the variants that this CPU can run, the fastest first.
func Variants() []string { return []string{portable} }

func productNarrowAVX2(*product) { panic(noAVX2) }

func productAVX2(*product) { panic(noAVX2) }

func productAVX512(*product)     { panic(noAVX512) }
func productPairAVX512(*product) { panic(noAVX512) }

func pooledMaxAVX2(*pooledProduct) { panic(noAVX2) }
func pooledMinAVX2(*pooledProduct) { panic(noAVX2) }

func pooledMaxAVX512(*pooledProduct) { panic(noAVX512) }
func pooledMinAVX512(*pooledProduct) { panic(noAVX512) }

func depthwiseWindowsAVX2(*depthwiseWindows) { panic(noAVX2) }
func depthwiseTapsAVX2(*depthwiseTaps)       { panic(noAVX2) }

func depthwiseWindowsAVX512(*depthwiseWindows) { panic(noAVX512) }
func depthwiseTapsAVX512(*depthwiseTaps)       { panic(noAVX512) }

func gatherAVX2(*gather)   { panic(noAVX2) }
func gatherAVX512(*gather) { panic(noAVX512) }

func winogradAVX2(int, winogradStage, *winogradTransform)   { panic(noAVX2) }
func winogradAVX512(int, winogradStage, *winogradTransform) { panic(noAVX512) }

func listFiltersAVX2(*lister) { panic(noAVX2) }
func listPlacesAVX2(*lister)  { panic(noAVX2) }

func transposeAVX2(dst, src *float32, dstStride, srcStride, rows, columns int) {
	panic(noAVX2)
}

func pickTableAVX2(*pick) { panic(noAVX2) }
func pickSumsAVX2(*pick)  { panic(noAVX2) }

func pickSumsAVX512(*pick) { panic(noAVX512) }

func joinBitsAVX2(bits []byte, values *float32, images, pitch int) { panic(noAVX2) }
