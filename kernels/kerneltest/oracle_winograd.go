package kerneltest

import (
	"fmt"
	"math"
	"slices"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/internal/winograd"
)

// computeByWinograd is compute for an op that a device computed by an algorithm of Winograd.
func computeByWinograd(op kernels.Op, name string, in, out [][]Value) error {
	a, isKnown := winograd.Named(name)
	if !isKnown {
		return fmt.Errorf("kerneltest: %s was computed by %q, of which the oracle has no bounds; it has them of %v", op.Name(), name, winograd.Algorithms())
	}
	switch op := op.(type) {
	case kernels.Conv2DFprop:
		if fits(op.Conv2D) {
			out[3] = winogradFprop(a, op, in[0], in[1], in[2])
			return nil
		}
	case kernels.Conv2DDgrad:
		if fits(op.Conv2D) {
			out[2] = winogradDgrad(a, op, in[0], in[1])
			return nil
		}
	case kernels.Conv2DWgrad:
		if fits(op.Conv2D) {
			out[2] = winogradWgrad(a, op, in[0], in[1], in[2])
			return nil
		}
	}
	return fmt.Errorf("kerneltest: %s was computed by %s, which is for 3x3 filters with strides and dilation 1 and one group", op.Name(), name)
}

// fits says whether an algorithm of Winograd can compute a convolution.
func fits(g kernels.Conv2D) bool {
	return g.R == 3 && g.S == 3 && g.StrideH == 1 && g.StrideW == 1 && g.DilationH == 1 && g.DilationW == 1 && g.GroupCount() == 1
}

// keepsIntegers says whether an algorithm computes with coefficients that float32 holds exactly.
func keepsIntegers(name string) bool {
	a, _ := winograd.Named(name)
	for _, matrix := range [][][]float64{a.Input, a.Filter, a.Output} {
		for _, row := range matrix {
			if slices.ContainsFunc(row, func(v float64) bool { return float64(float32(v)) != v }) {
				return false
			}
		}
	}
	return true
}

// winogradRoundings is how many roundings a product meets on its way through Winograd's algorithm over c channels: two stages of each
// transform, with at most five terms a stage, coefficients that are rounded themselves in the filter's, the sum over the channels, and the
// bias.
func winogradRoundings(c int) int { return 2*5 + 2*(3+1) + (c + 1) + 2*5 + 1 }

// winogradMagnitudes replaces every number in Winograd's algorithm by its magnitude,
//
//	|Aᵀ| [Σ_c (|G| |g| |G|ᵀ) ⊙ (|Bᵀ| |d| |B|)] |A|,
//
// for each output: γ times it bounds the error (Barabasz, Anderson, Soodhalter and Gregg, "Error analysis and improving the accuracy of
// Winograd convolution for deep neural networks", 2020, section 4).
func winogradMagnitudes(a winograd.Algorithm, g kernels.Conv2D, x, w []Value) []float64 {
	filters := transformedFilters(a, g, w)
	out := make([]float64, g.Outputs())
	for n := range g.N {
		for top := 0; top < g.P; top += a.Tile {
			for left := 0; left < g.Q; left += a.Tile {
				inputs := transformedInputs(a, g, x, n, top, left)
				for k := range g.K {
					sums := transformed(a.Output, func(i, j int) float64 {
						total := 0.0
						for c := range g.C {
							total += filters[c*g.K+k][i][j] * inputs[c][i][j]
						}
						return total
					})
					for p := top; p < min(top+a.Tile, g.P); p++ {
						for q := left; q < min(left+a.Tile, g.Q); q++ {
							out[((n*g.P+p)*g.Q+q)*g.K+k] = sums[p-top][q-left]
						}
					}
				}
			}
		}
	}
	return out
}

// transformedFilters are |G| |g| |G|ᵀ for each input and output channel, transformedInputs |Bᵀ| |d| |B| for each channel of a tile, and
// transformedGradients |A| |dy| |A|ᵀ for each filter of one.
func transformedFilters(a winograd.Algorithm, g kernels.Conv2D, w []Value) [][][]float64 {
	filters := make([][][]float64, g.C*g.K)
	for i := range filters {
		filters[i] = transformed(a.Filter, func(r, s int) float64 { return w[(r*3+s)*g.C*g.K+i].size() })
	}
	return filters
}

func transformedInputs(a winograd.Algorithm, g kernels.Conv2D, x []Value, n, top, left int) [][][]float64 {
	inputs := make([][][]float64, g.C)
	for c := range inputs {
		inputs[c] = transformed(a.Input, func(h, w int) float64 {
			return pixel(x, n, top+h-g.PadTop, left+w-g.PadLeft, c, g.H, g.Window.W, g.C)
		})
	}
	return inputs
}

func transformedGradients(a winograd.Algorithm, g kernels.Conv2D, dy []Value, n, top, left int) [][][]float64 {
	gradients := make([][][]float64, g.K)
	for k := range gradients {
		gradients[k] = transformed(winograd.Transposed(a.Output), func(p, q int) float64 {
			return pixel(dy, n, top+p, left+q, k, g.P, g.Q, g.K)
		})
	}
	return gradients
}

// transformed is |L| |X| |L|ᵀ.
func transformed(l [][]float64, x func(i, j int) float64) [][]float64 {
	const most = 5 // points of an algorithm
	in := len(l[0])
	var values, half [most][most]float64
	for i := range in {
		for j := range in {
			values[i][j] = math.Abs(x(i, j))
		}
	}
	for i, row := range l {
		for k, v := range row {
			for j := range in {
				half[i][j] += math.Abs(v) * values[k][j]
			}
		}
	}
	list := make([]float64, len(l)*len(l))
	y := make([][]float64, len(l))
	for i := range l {
		y[i] = list[i*len(l) : (i+1)*len(l)]
		for j, row := range l {
			for k, v := range row {
				y[i][j] += math.Abs(v) * half[i][k]
			}
		}
	}
	return y
}

// winogradFprop is convFprop with the bound of Winograd's algorithm.
func winogradFprop(a winograd.Algorithm, op kernels.Conv2DFprop, x, w, b []Value) []Value {
	g := op.Conv2D
	magnitudes := winogradMagnitudes(a, g, x, w)
	if b != nil {
		for i := range magnitudes {
			magnitudes[i] += b[i%g.K].size()
		}
	}
	y := boundedBy(convFprop(g, x, w, b), winogradRoundings(g.C), magnitudes)
	return exactWithoutProducts(y, convFprop(g, x, ones(len(w)), nil), func(i int) Value {
		if b == nil {
			return Value{}
		}
		return b[i%g.K]
	})
}

// exactWithoutProducts asks for what a sum begins with, and no rounding of it, where no product adds to it since one of its factors is zero:
// Adam makes whole steps of gradients that are nothing but rounding errors, and a ReLU lets gradients through where they are positive. Of the
// gradients by the filters that is each element, elsewhere each window that has nothing but zeros.
func exactWithoutProducts(values []Value, products []sum, start func(i int) Value) []Value {
	for i, s := range products {
		if s.magnitude == 0 && s.bound == 0 {
			values[i] = start(i)
		}
	}
	return values
}

// ones are in place of filters, none of which is zero but by chance.
func ones(n int) []Value { return slices.Repeat([]Value{{Want: 1}}, n) }

// boundedBy are sums that a device computed in another way, with an error of γ times the magnitudes besides those of the terms.
func boundedBy(sums []sum, roundings int, magnitudes []float64) []Value {
	values := make([]Value, len(sums))
	for i, s := range sums {
		values[i] = Value{s.value, gamma(roundings)*magnitudes[i] + s.bound}
	}
	return values
}

// winogradDgrad is convDgrad with the bound of Winograd's algorithm, which has
//
//	Σ_tiles |B| [Σ_k (|G| |g| |G|ᵀ) ⊙ (|A| |dy| |A|ᵀ)] |B|ᵀ
//
// for the magnitudes. A product meets two stages of each transform, with at most three and five terms and coefficients of G that are
// rounded themselves, the sum over the filters, and up to four tiles that overlap.
func winogradDgrad(a winograd.Algorithm, op kernels.Conv2DDgrad, dy, w []Value) []Value {
	g := op.Conv2D
	filters := transformedFilters(a, g, w)
	magnitudes := make([]float64, g.N*g.H*g.Window.W*g.C)
	for n := range g.N {
		for top := 0; top < g.P; top += a.Tile {
			for left := 0; left < g.Q; left += a.Tile {
				gradients := transformedGradients(a, g, dy, n, top, left)
				for c := range g.C {
					m := transformed(winograd.Transposed(a.Input), func(i, j int) float64 {
						total := 0.0
						for k := range g.K {
							total += filters[c*g.K+k][i][j] * gradients[k][i][j]
						}
						return total
					})
					for i := range a.Points() {
						for j := range a.Points() {
							if h, v := top+i-g.PadTop, left+j-g.PadLeft; h >= 0 && h < g.H && v >= 0 && v < g.Window.W {
								magnitudes[((n*g.H+h)*g.Window.W+v)*g.C+c] += m[i][j]
							}
						}
					}
				}
			}
		}
	}
	dx := boundedBy(convDgrad(g, dy, w), 2*3+2*(3+1)+(g.K+1)+2*5+4, magnitudes)
	return exactWithoutProducts(dx, convDgrad(g, dy, ones(len(w))), func(int) Value { return Value{} })
}

// winogradWgrad is convWgrad with the bound of Winograd's algorithm, which has
//
//	|G|ᵀ [Σ_tiles (|Bᵀ| |d| |B|) ⊙ (|A| |dy| |A|ᵀ)] |G|
//
// for the magnitudes. A product meets two stages of each transform, with at most five, three and five terms and coefficients of G that are
// rounded themselves, the sum over the tiles, and what was there before.
func winogradWgrad(a winograd.Algorithm, op kernels.Conv2DWgrad, x, dy, dw []Value) []Value {
	g := op.Conv2D
	down, across := kernels.CeilDiv(g.P, a.Tile), kernels.CeilDiv(g.Q, a.Tile)
	points := a.Points()
	transforms := make([]float64, points*points*g.C*g.K)
	for n := range g.N {
		for top := 0; top < g.P; top += a.Tile {
			for left := 0; left < g.Q; left += a.Tile {
				gradients := transformedGradients(a, g, dy, n, top, left)
				for c, input := range transformedInputs(a, g, x, n, top, left) {
					for i := range points * points {
						for k, gradient := range gradients {
							transforms[(i*g.C+c)*g.K+k] += input[i/points][i%points] * gradient[i/points][i%points]
						}
					}
				}
			}
		}
	}
	magnitudes := make([]float64, len(dw))
	for c := range g.C {
		for k := range g.K {
			m := transformed(winograd.Transposed(a.Filter), func(i, j int) float64 { return transforms[((i*points+j)*g.C+c)*g.K+k] })
			for tap := range 9 {
				i := (tap*g.C+c)*g.K + k
				magnitudes[i] = m[tap/3][tap%3] + dw[i].size()
			}
		}
	}
	sums := boundedBy(convWgrad(g, x, dy, dw), 2*5+2*3+g.N*down*across+2*(5+1)+2, magnitudes)
	return exactWithoutProducts(sums, convWgrad(g, x, dy, make([]Value, len(dw))), func(i int) Value { return dw[i] })
}

// pixel is the size of a value of images [N height width channels], zero outside.
func pixel(x []Value, n, h, w, c, height, width, channels int) float64 {
	if h < 0 || h >= height || w < 0 || w >= width {
		return 0
	}
	return x[((n*height+h)*width+w)*channels+c].size()
}
