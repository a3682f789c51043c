package kerneltest

import "cnn-gpu/kernels"

// eachTerm calls f for every product of a convolution with the places in X, W and Y of its three factors: fprop, dgrad and
// wgrad are three ways to sum the same products. Padding has none.
func eachTerm(g kernels.Conv2D, f func(x, w, y int)) {
	width := g.Window.W
	for n := range g.N {
		for p := range g.P {
			for q := range g.Q {
				for r := range g.R {
					for s := range g.S {
						row := p*g.StrideH + r*g.DilationH - g.PadTop
						column := q*g.StrideW + s*g.DilationW - g.PadLeft
						if row < 0 || row >= g.H || column < 0 || column >= width {
							continue
						}
						for c := range g.C {
							for k := range g.K {
								f(((n*g.H+row)*width+column)*g.C+c, ((r*g.S+s)*g.C+c)*g.K+k, ((n*g.P+p)*g.Q+q)*g.K+k)
							}
						}
					}
				}
			}
		}
	}
}

func convFprop(g kernels.Conv2D, x, w, b []float64) []Value {
	y := make([]sum, g.N*g.P*g.Q*g.K)
	if b != nil {
		for i := range y {
			y[i].add(b[i%g.K])
		}
	}
	eachTerm(g, func(xi, wi, yi int) { y[yi].add(x[xi] * w[wi]) })
	return results(y)
}

func convDgrad(g kernels.Conv2D, dy []Value, w []float64) []Value {
	dx := make([]sum, g.N*g.H*g.Window.W*g.C)
	eachTerm(g, func(xi, wi, yi int) { dx[xi].addValue(dy[yi].times(w[wi])) })
	return results(dx)
}

func convWgrad(g kernels.Conv2D, x []float64, dy []Value, dw []float64) []Value {
	sums := sumsFrom(dw)
	eachTerm(g, func(xi, wi, yi int) { sums[wi].addValue(dy[yi].times(x[xi])) })
	return results(sums)
}

func denseFprop(g kernels.Dense, x, w, b []float64) []Value {
	y := make([]sum, g.N*g.K)
	for n := range g.N {
		for k := range g.K {
			if b != nil {
				y[n*g.K+k].add(b[k])
			}
			for c := range g.C {
				y[n*g.K+k].add(x[n*g.C+c] * w[c*g.K+k])
			}
		}
	}
	return results(y)
}

func denseDgrad(g kernels.Dense, dy, w []float64) []Value {
	dx := make([]sum, g.N*g.C)
	for n := range g.N {
		for c := range g.C {
			for k := range g.K {
				dx[n*g.C+c].add(dy[n*g.K+k] * w[c*g.K+k])
			}
		}
	}
	return results(dx)
}

func denseWgrad(g kernels.Dense, x, dy, dw []float64) []Value {
	sums := sumsFrom(dw)
	for c := range g.C {
		for k := range g.K {
			for n := range g.N {
				sums[c*g.K+k].add(x[n*g.C+c] * dy[n*g.K+k])
			}
		}
	}
	return results(sums)
}

func biasWgrad(op kernels.BiasWgrad, dy, db []float64) []Value {
	sums := sumsFrom(db)
	for i, v := range dy {
		sums[i%op.K].add(v)
	}
	return results(sums)
}

func add(a, b []float64) []Value {
	y := make([]Value, len(a))
	for i := range y {
		y[i] = exact(a[i]).add(exact(b[i]))
	}
	return y
}
