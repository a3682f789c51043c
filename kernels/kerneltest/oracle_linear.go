package kerneltest

import "cnn-gpu/kernels"

// eachRow calls f for every product of a value of X with a row of the filters of its group: x is the value's place, w and y are where the row begins in
// W and Y. fprop, dgrad and wgrad are three ways to sum the same products. Padding has none.
func eachRow(g kernels.Conv2D, f func(x, w, y int)) {
	width, channels, filters := g.Window.W, g.GroupChannels(), g.GroupFilters()
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
							first := c / channels * filters // of the group
							f(((n*g.H+row)*width+column)*g.C+c, ((r*g.S+s)*channels+c%channels)*g.K+first, ((n*g.P+p)*g.Q+q)*g.K+first)
						}
					}
				}
			}
		}
	}
}

// productSums are the sums of an op that sums products, or values as they are, and the operand that gets them; none of another op.
func productSums(op kernels.Op, in [][]Value) (sums []sum, at int) {
	switch op := op.(type) {
	case kernels.Conv2DFprop:
		return convFprop(op.Conv2D, in[0], in[1], in[2]), 3
	case kernels.Conv2DDgrad:
		return convDgrad(op.Conv2D, in[0], in[1]), 2
	case kernels.Conv2DWgrad:
		return convWgrad(op.Conv2D, in[0], in[1], in[2]), 2
	case kernels.DenseFprop:
		return denseFprop(op.Dense, in[0], in[1], in[2]), 3
	case kernels.DenseDgrad:
		return denseDgrad(op.Dense, in[0], in[1]), 2
	case kernels.DenseWgrad:
		return denseWgrad(op.Dense, in[0], in[1], in[2]), 2
	case kernels.BiasWgrad:
		return biasWgrad(op, in[0], in[1]), 1
	}
	return nil, 0
}

func convFprop(g kernels.Conv2D, x, w, b []Value) []sum {
	y := make([]sum, g.N*g.P*g.Q*g.K)
	if b != nil {
		for i := range y {
			y[i].addValue(b[i%g.K])
		}
	}
	eachRow(g, func(xi, wi, yi int) {
		value, filters, sums := x[xi], w[wi:wi+g.GroupFilters()], y[yi:yi+g.GroupFilters()]
		for k := range sums {
			sums[k].addProduct(value, filters[k])
		}
	})
	return y
}

func convDgrad(g kernels.Conv2D, dy, w []Value) []sum {
	dx := make([]sum, g.N*g.H*g.Window.W*g.C)
	eachRow(g, func(xi, wi, yi int) {
		sum, gradients, filters := &dx[xi], dy[yi:yi+g.GroupFilters()], w[wi:wi+g.GroupFilters()]
		for k := range filters {
			sum.addProduct(gradients[k], filters[k])
		}
	})
	return dx
}

func convWgrad(g kernels.Conv2D, x, dy, dw []Value) []sum {
	sums := sumsFrom(dw)
	eachRow(g, func(xi, wi, yi int) {
		value, gradients, sums := x[xi], dy[yi:yi+g.GroupFilters()], sums[wi:wi+g.GroupFilters()]
		for k := range sums {
			sums[k].addProduct(value, gradients[k])
		}
	})
	return sums
}

func denseFprop(g kernels.Dense, x, w, b []Value) []sum {
	y := make([]sum, g.N*g.K)
	for n := range g.N {
		for k := range g.K {
			if b != nil {
				y[n*g.K+k].addValue(b[k])
			}
			for c := range g.C {
				y[n*g.K+k].addProduct(x[n*g.C+c], w[c*g.K+k])
			}
		}
	}
	return y
}

func denseDgrad(g kernels.Dense, dy, w []Value) []sum {
	dx := make([]sum, g.N*g.C)
	for n := range g.N {
		for c := range g.C {
			for k := range g.K {
				dx[n*g.C+c].addProduct(dy[n*g.K+k], w[c*g.K+k])
			}
		}
	}
	return dx
}

func denseWgrad(g kernels.Dense, x, dy, dw []Value) []sum {
	sums := sumsFrom(dw)
	for c := range g.C {
		for k := range g.K {
			for n := range g.N {
				sums[c*g.K+k].addProduct(x[n*g.C+c], dy[n*g.K+k])
			}
		}
	}
	return sums
}

func biasWgrad(op kernels.BiasWgrad, dy, db []Value) []sum {
	sums := sumsFrom(db)
	for i, v := range dy {
		sums[i%op.K].addValue(v)
	}
	return sums
}

func add(a, b []Value) []Value {
	y := make([]Value, len(a))
	for i := range y {
		y[i] = a[i].add(b[i])
	}
	return y
}
