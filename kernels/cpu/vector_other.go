//go:build !amd64

package cpu

const (
	noAVX2   = "cpu: no AVX2 on this architecture"
	noAVX512 = "cpu: no AVX-512 on this architecture"
)

func addAVX2(_, _, _ []float32)                                     { panic(noAVX2) }
func addScaledAVX2(_ []float32, _ float32, _ []float32)             { panic(noAVX2) }
func scaleAVX2(_ []float32, _ float32)                              { panic(noAVX2) }
func squaresAVX2(_ *[8]float64, _ []float32)                        { panic(noAVX2) }
func reluAVX2(_, _ []float32)                                       { panic(noAVX2) }
func reluGradientAVX2(_, _, _ []float32)                            { panic(noAVX2) }
func clampAVX2(y, x []float32, most float32)                        { panic(noAVX2) }
func clampGradientAVX2(dx, y, dy []float32, most float32)           { panic(noAVX2) }
func sigmoidGradientAVX2(_, _, _ []float32)                         { panic(noAVX2) }
func tanhGradientAVX2(_, _, _ []float32)                            { panic(noAVX2) }
func finiteAVX2([]float32) bool                                     { panic(noAVX2) }
func momentumStepAVX2(_, _, _ []float32, _, _ float32)              { panic(noAVX2) }
func nesterovStepAVX2(_, _, _ []float32, _, _ float32)              { panic(noAVX2) }
func adamStepAVX2(_, _, _, _ []float32, _, _, _, _ float32)         { panic(noAVX2) }
func adagradStepAVX2(_, _, _ []float32, _, _, _ float32)            { panic(noAVX2) }
func lambDirectionAVX2(_, _, _, _ []float32, _, _, _, _, _ float32) { panic(noAVX2) }
func lionStepAVX2(_, _, _ []float32, _, _, _, _, _ float32)         { panic(noAVX2) }
func maxTapsAVX2(*taps)                                             { panic(noAVX2) }
func minTapsAVX2(*taps)                                             { panic(noAVX2) }
func averageTapsAVX2(*taps)                                         { panic(noAVX2) }
func scatterTapsAVX2(*taps)                                         { panic(noAVX2) }
func spreadTapsAVX2(*taps)                                          { panic(noAVX2) }
func addRowsAVX2(_, _ []float32, _, _ int)                          { panic(noAVX2) }
func addSquaresAVX2(_, _, _ []float32, _, _ int)                    { panic(noAVX2) }
func addProductsAVX2(_, _, _, _ []float32, _, _ int)                { panic(noAVX2) }
func normalizeAVX2(_, _, _, _, _ []float32, _, _ int)               { panic(noAVX2) }
func normalizeGradientAVX2(_, _, _, _, _, _, _ []float32, _, _ int) { panic(noAVX2) }
