package cpu

//go:noescape
func addAVX2(y, a, b []float32)

//go:noescape
func addScaledAVX2(y []float32, a float32, x []float32)

//go:noescape
func scaleAVX2(y []float32, a float32)

//go:noescape
func squaresAVX2(sums *[8]float64, x []float32)

//go:noescape
func reluAVX2(y, x []float32)

//go:noescape
func reluGradientAVX2(dx, y, dy []float32)

//go:noescape
func clampAVX2(y, x []float32, most float32)

//go:noescape
func clampGradientAVX2(dx, y, dy []float32, most float32)

//go:noescape
func sigmoidGradientAVX2(dx, y, dy []float32)

//go:noescape
func tanhGradientAVX2(dx, y, dy []float32)

//go:noescape
func finiteAVX2(x []float32) bool

//go:noescape
func momentumStepAVX2(w, v, g []float32, momentum, rate float32)

//go:noescape
func nesterovStepAVX2(w, v, g []float32, momentum, rate float32)

//go:noescape
func adamStepAVX2(w, m, v, g []float32, new1, new2, rate, epsilon float32)

//go:noescape
func adagradStepAVX2(w, v, g []float32, rate, initial, epsilon float32)

//go:noescape
func lambDirectionAVX2(r, m, v, g []float32, new1, new2, scale1, scale2, epsilon float32)

//go:noescape
func lionStepAVX2(w, m, g []float32, beta1, new1, beta2, new2, rate float32)

//go:noescape
func maxTapsAVX2(t *taps)

//go:noescape
func minTapsAVX2(t *taps)

//go:noescape
func averageTapsAVX2(t *taps)

//go:noescape
func scatterTapsAVX2(t *taps)

//go:noescape
func spreadTapsAVX2(t *taps)

//go:noescape
func addRowsAVX2(sums, x []float32, rows, stride int)

//go:noescape
func addSquaresAVX2(sums, x, mean []float32, rows, stride int)

//go:noescape
func addProductsAVX2(sums, dy, x, mean []float32, rows, stride int)

//go:noescape
func normalizeAVX2(y, x, mean, scale, shift []float32, rows, stride int)

//go:noescape
func normalizeGradientAVX2(dx, dy, x, mean, shift, slope, scale []float32, rows, stride int)
