package kerneltest

import (
	"math"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/internal/winograd"
)

// winogradRoundings is how many roundings a product meets on its way through Winograd's algorithm over c channels: two stages of each
// transform, with at most five terms a stage, coefficients that are rounded themselves in the filter's, the sum over the channels, and the
// bias.
func winogradRoundings(c int) int { return 2*5 + 2*(3+1) + (c + 1) + 2*5 + 1 }

// winogradMagnitudes replaces every number in Winograd's algorithm by its magnitude,
//
//	|Aᵀ| [Σ_c (|G| |g| |G|ᵀ) ⊙ (|Bᵀ| |d| |B|)] |A|,
//
// for outputs [n rows columns k] of inputs x(n, h, w, c) and filters f(r, s, c, k): γ times it bounds the error (Barabasz, Anderson,
// Soodhalter and Gregg, "Error analysis and improving the accuracy of Winograd convolution for deep neural networks", 2020, section 4).
func winogradMagnitudes(tile, n, rows, columns, c, k int, x, f func(i, j, l, m int) float64) []float64 {
	a := algorithm(tile)
	filters := make([][][]float64, c*k)
	for i := range filters {
		filters[i] = transformed(a.Filter, func(r, s int) float64 { return f(r, s, i/k, i%k) })
	}
	out := make([]float64, n*rows*columns*k)
	for image := range n {
		for top := 0; top < rows; top += tile {
			for left := 0; left < columns; left += tile {
				inputs := make([][][]float64, c)
				for i := range inputs {
					inputs[i] = transformed(a.Input, func(h, w int) float64 { return x(image, top+h, left+w, i) })
				}
				for filter := range k {
					sums := transformed(a.Output, func(i, j int) float64 {
						total := 0.0
						for channel := range c {
							total += filters[channel*k+filter][i][j] * inputs[channel][i][j]
						}
						return total
					})
					for p := top; p < min(top+tile, rows); p++ {
						for q := left; q < min(left+tile, columns); q++ {
							out[((image*rows+p)*columns+q)*k+filter] = sums[p-top][q-left]
						}
					}
				}
			}
		}
	}
	return out
}

func algorithm(tile int) winograd.Algorithm {
	for _, a := range winograd.Algorithms() {
		if a.Tile == tile {
			return a
		}
	}
	panic("kerneltest: there is no such algorithm")
}

// transformed is |L| |X| |L|ᵀ.
func transformed(l [][]float64, x func(i, j int) float64) [][]float64 {
	in := len(l[0])
	half := make([][]float64, len(l))
	for i, row := range l {
		half[i] = make([]float64, in)
		for j := range in {
			for k, v := range row {
				half[i][j] += math.Abs(v * x(k, j))
			}
		}
	}
	y := make([][]float64, len(l))
	for i := range l {
		y[i] = make([]float64, len(l))
		for j, row := range l {
			for k, v := range row {
				y[i][j] += math.Abs(v) * half[i][k]
			}
		}
	}
	return y
}

// convFpropOf is a convolution with the bound of the algorithm that computes it.
func convFpropOf(op kernels.Conv2DFprop, x, w, b []float64) []Value {
	if op.Winograd > 0 {
		return winogradFprop(op, x, w, b)
	}
	return convFprop(op.Conv2D, x, w, b)
}

// winogradFprop is convFprop with the bound of Winograd's algorithm.
func winogradFprop(op kernels.Conv2DFprop, x, w, b []float64) []Value {
	g := op.Conv2D
	values := convFprop(g, x, w, b)
	magnitudes := winogradMagnitudes(op.Winograd, g.N, g.P, g.Q, g.C, g.K,
		func(n, h, v, c int) float64 { return pixel(x, n, h-g.PadTop, v-g.PadLeft, c, g.H, g.Window.W, g.C) },
		func(r, s, c, k int) float64 { return w[((r*3+s)*g.C+c)*g.K+k] })
	for i, m := range magnitudes {
		if b != nil {
			m += math.Abs(b[i%g.K])
		}
		values[i].Bound = gamma(winogradRoundings(g.C)) * m
	}
	return values
}

// winogradDgrad is convDgrad with the bound of Winograd's algorithm, which has
//
//	Σ_tiles |B| [Σ_k (|G| |g| |G|ᵀ) ⊙ (|A| |dy| |A|ᵀ)] |B|ᵀ
//
// for the magnitudes. A product meets two stages of each transform, with at most three and five terms and coefficients of G that are
// rounded themselves, the sum over the filters, and up to four tiles that overlap.
func winogradDgrad(op kernels.Conv2DDgrad, dy, w []float64) []Value {
	g, a := op.Conv2D, algorithm(op.Winograd)
	values := convDgrad(g, exacts(dy), w)
	filters := make([][][]float64, g.C*g.K)
	for i := range filters {
		filters[i] = transformed(a.Filter, func(r, s int) float64 { return w[(r*3+s)*g.C*g.K+i] })
	}
	magnitudes := make([]float64, len(values))
	for n := range g.N {
		for top := 0; top < g.P; top += a.Tile {
			for left := 0; left < g.Q; left += a.Tile {
				outputs := make([][][]float64, g.K)
				for k := range outputs {
					outputs[k] = transformed(winograd.Transposed(a.Output), func(p, q int) float64 {
						return pixel(dy, n, top+p, left+q, k, g.P, g.Q, g.K)
					})
				}
				for c := range g.C {
					m := transformed(winograd.Transposed(a.Input), func(i, j int) float64 {
						total := 0.0
						for k := range g.K {
							total += filters[c*g.K+k][i][j] * outputs[k][i][j]
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
	for i, m := range magnitudes {
		values[i].Bound = gamma(2*3+2*(3+1)+(g.K+1)+2*5+4) * m
	}
	return values
}

// boundWinogradWgrad bounds the error of the gradient by the filters, with
//
//	|G|ᵀ [Σ_tiles (|Bᵀ| |d| |B|) ⊙ (|A| |dy| |A|ᵀ)] |G|
//
// for the magnitudes. A product meets two stages of each transform, with at most five, three and five terms and coefficients of G that are
// rounded themselves, the sum over the tiles, and what was there before.
func boundWinogradWgrad(op kernels.Conv2DWgrad, values []Value, x, dy, dw []float64) {
	g, a := op.Conv2D, algorithm(op.Winograd)
	down, across := (g.P+a.Tile-1)/a.Tile, (g.Q+a.Tile-1)/a.Tile
	points := a.Points()
	sums := make([]float64, points*points*g.C*g.K)
	for n := range g.N {
		for top := 0; top < g.P; top += a.Tile {
			for left := 0; left < g.Q; left += a.Tile {
				for c := range g.C {
					in := transformed(a.Input, func(h, w int) float64 {
						return pixel(x, n, top+h-g.PadTop, left+w-g.PadLeft, c, g.H, g.Window.W, g.C)
					})
					for k := range g.K {
						out := transformed(winograd.Transposed(a.Output), func(p, q int) float64 {
							return pixel(dy, n, top+p, left+q, k, g.P, g.Q, g.K)
						})
						for i := range points * points {
							sums[(i*g.C+c)*g.K+k] += in[i/points][i%points] * out[i/points][i%points]
						}
					}
				}
			}
		}
	}
	roundings := 2*5 + 2*3 + g.N*down*across + 2*(5+1) + 2
	for c := range g.C {
		for k := range g.K {
			m := transformed(winograd.Transposed(a.Filter), func(i, j int) float64 { return sums[((i*points+j)*g.C+c)*g.K+k] })
			for tap := range 9 {
				i := (tap*g.C+c)*g.K + k
				values[i].Bound = gamma(roundings) * (m[tap/3][tap%3] + math.Abs(dw[i]))
			}
		}
	}
}

// pixel is a value of images [N height width channels], zero outside.
func pixel(x []float64, n, h, w, c, height, width, channels int) float64 {
	if h < 0 || h >= height || w < 0 || w >= width {
		return 0
	}
	return x[((n*height+h)*width+w)*channels+c]
}
