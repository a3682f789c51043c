package kerneltest

import (
	"math"

	"cnn-gpu/kernels"
)

// curve is an activation with what bounds how errors go on through it.
type curve struct {
	value func(x float64) Value // f(x), with the errors of its own roundings
	slope func(x Value) float64 // the largest |f′| where x may be
	prime func(v float64) Value // f′(x) from x or y, whichever it is told from, with the errors of its own roundings
	bend  float64               // how much f′ changes at most, as a multiple of the change of v
	jumps map[float64]float64   // by how much f′ jumps, and at which v
}

// elsewhere covers that a device rounds the result of what it has, which differs from the result here by what is multiplied with it.
var elsewhere = 1 + gamma(20)

// fprop computes f of a value that may have an error.
func (c curve) fprop(x Value) Value {
	y := c.value(x.Want)
	if x.Bound > 0 {
		y.Bound += elsewhere * c.slope(x) * x.Bound
	}
	return y
}

// dgrad computes dy·f′ from a value that may have an error, which may lead across a jump.
func (c curve) dgrad(v, dy Value) Value {
	prime := c.prime(v.Want)
	if v.Bound > 0 {
		prime.Bound += elsewhere * c.bend * v.Bound
		for at, jump := range c.jumps {
			if math.Abs(v.Want-at) <= v.Bound {
				prime.Bound += elsewhere * jump
			}
		}
	}
	return dy.mul(prime)
}

// atMost is the slope of a function that is nowhere steeper.
func atMost(slope float64) func(Value) float64 { return func(Value) float64 { return slope } }

// curveOf knows the functions that are no straight lines or were added later.
func curveOf(f kernels.Activation) (curve, error) {
	of, isKnown := curves[f.Function]
	if !isKnown {
		return curve{}, unknown(f.Function)
	}
	return of(float64(f.Alpha)), nil
}

// curves are the functions by their parameter.
var curves = map[kernels.Function]func(alpha float64) curve{
	kernels.ELU: func(alpha float64) curve {
		return curve{
			value: func(x float64) Value {
				if x > 0 {
					return exact(x)
				}
				return exact(alpha).mul(function(math.Expm1(x), 0))
			},
			slope: atMost(max(1, alpha)),
			prime: func(y float64) Value {
				if y > 0 {
					return rounded(1, 0)
				}
				return exact(y).add(exact(alpha))
			},
			bend:  1,
			jumps: map[float64]float64{0: math.Abs(1 - alpha)},
		}
	},
	kernels.SELU: func(float64) curve {
		scale, depth := rounded(kernels.SELUScale, 0), rounded(kernels.SELUScale*kernels.SELUAlpha, 0)
		return curve{
			value: func(x float64) Value {
				if x > 0 {
					return scale.mul(exact(x))
				}
				return depth.mul(function(math.Expm1(x), 0))
			},
			slope: atMost(1.76), // below 0, scale times alpha
			prime: func(y float64) Value {
				if y > 0 {
					return scale
				}
				return exact(y).add(depth)
			},
			bend:  1,
			jumps: map[float64]float64{0: depth.Want - scale.Want},
		}
	},
	kernels.ReLU6: func(alpha float64) curve {
		return curve{
			value: func(x float64) Value { return exact(math.Min(math.Max(x, 0), alpha)) },
			slope: atMost(1),
			prime: func(y float64) Value {
				if 0 < y && y < alpha {
					return exact(1)
				}
				return exact(0)
			},
			jumps: map[float64]float64{0: 1, alpha: 1},
		}
	},
	kernels.HardSigmoid: func(float64) curve {
		return curve{
			value: func(x float64) Value {
				x = math.Min(math.Max(x, -3), 3)
				return exact(x).add(exact(3)).div(exact(6))
			},
			slope: atMost(1. / 6),
			prime: func(y float64) Value {
				if 0 < y && y < 1 {
					return rounded(1./6, 0)
				}
				return exact(0)
			},
			jumps: map[float64]float64{0: 1. / 6, 1: 1. / 6},
		}
	},
	kernels.Softplus: func(float64) curve {
		return curve{
			value: func(x float64) Value {
				e := exact(-math.Abs(x)).exp()
				return exact(math.Max(x, 0)).add(function(math.Log1p(e.Want), e.Bound))
			},
			slope: atMost(1),
			prime: func(y float64) Value { return function(-math.Expm1(-y), 0) },
			bend:  1.01, // e^−y, where y may have come out a little below 0
		}
	},
	kernels.Softsign: func(float64) curve {
		return curve{
			value: func(x float64) Value {
				if math.IsInf(x, 0) {
					return exact(math.Copysign(1, x))
				}
				return exact(x).div(exact(1).add(exact(math.Abs(x))))
			},
			slope: atMost(1),
			prime: func(y float64) Value {
				rest := exact(1).sub(exact(math.Abs(y)))
				return rest.mul(rest)
			},
			bend: 2,
		}
	},
	kernels.Exponential: func(float64) curve {
		return curve{
			value: func(x float64) Value {
				e := exact(x).exp()
				if e.Want > math.MaxFloat32 {
					return exact(math.Inf(1))
				}
				return e
			},
			slope: func(x Value) float64 { return math.Exp(x.Want + x.Bound) },
			prime: exact,
			bend:  1,
		}
	},
	kernels.SiLU: func(float64) curve {
		return curve{
			value: func(x float64) Value {
				x = math.Max(x, -far)
				return exact(x).mul(exact(x).sigmoid())
			},
			slope: atMost(1.1),
			prime: func(x float64) Value {
				x = math.Min(math.Max(x, -far), far)
				return primeOfProduct(exact(x), exact(x), exact(1))
			},
			bend: 0.5, // at 0
		}
	},
	kernels.GELU: func(float64) curve {
		share := func(x float64) Value { return exact(0.5).mul(exact(x).mul(rounded(-math.Sqrt(0.5), 0)).erfc()) }
		return curve{
			value: func(x float64) Value {
				x = math.Max(x, -far)
				return exact(x).mul(share(x))
			},
			slope: atMost(1.13),
			prime: func(x float64) Value {
				x = math.Min(math.Max(x, -far), far)
				density := exact(-0.5).mul(exact(x).mul(exact(x))).exp().mul(rounded(1/math.Sqrt(2*math.Pi), 0))
				return share(x).add(exact(x).mul(density))
			},
			bend: 0.8, // 2/√(2π), at 0
		}
	},
	kernels.GELUTanh: func(float64) curve {
		linear := rounded(2*math.Sqrt(2/math.Pi), 0)
		cubic := rounded(2*math.Sqrt(2/math.Pi)*0.044715, 0)
		return curve{
			value: func(x float64) Value {
				x = math.Max(x, -far)
				z := exact(x).mul(linear.add(cubic.mul(exact(x).mul(exact(x)))))
				return exact(x).mul(z.sigmoid())
			},
			slope: atMost(1.13),
			prime: func(x float64) Value {
				x = math.Min(math.Max(x, -far), far)
				square := exact(x).mul(exact(x))
				z := exact(x).mul(linear.add(cubic.mul(square)))
				return primeOfProduct(exact(x), z, linear.add(exact(3).mul(cubic).mul(square)))
			},
			bend: 0.8,
		}
	},
	kernels.HardSwish: func(float64) curve {
		return curve{
			value: func(x float64) Value {
				if x <= -3 {
					return exact(0)
				}
				return exact(x).mul(exact(math.Min(x, 3)).add(exact(3)).div(exact(6)))
			},
			slope: atMost(1.5),
			prime: func(x float64) Value {
				switch {
				case x <= -3:
					return exact(0)
				case x >= 3:
					return exact(1)
				}
				return exact(x).div(exact(3)).add(exact(0.5))
			},
			bend:  1. / 3,
			jumps: map[float64]float64{-3: 0.5, 3: 0.5},
		}
	},
	kernels.Mish: func(float64) curve {
		// With e = e^x and n = e·(e+2), tanh(ln(1+e)) is n/(n+2). Above 20 that is 1 to the last digit of float64.
		powers := func(x float64) (e, n, d Value) {
			e = exact(math.Min(x, 20)).exp()
			n = e.mul(e.add(exact(2)))
			return e, n, n.add(exact(2))
		}
		return curve{
			value: func(x float64) Value {
				x = math.Max(x, -far)
				_, n, d := powers(x)
				return exact(x).mul(n.div(d))
			},
			slope: atMost(1.09),
			prime: func(x float64) Value {
				x = math.Min(math.Max(x, -far), 20)
				e, n, d := powers(x)
				return n.add(exact(4 * x).mul(e).mul(e.add(exact(1))).div(d)).div(d)
			},
			bend: 0.65, // at 0
		}
	},
}

// far is so far from 0 that far·e^−far is 0 in float32, and where an infinity is replaced, of which the formulas would make NaN.
const far = 200

// primeOfProduct is the derivative of x·sigmoid(z): s·(1 + x·sigmoid(−z)·z′) with s = sigmoid(z).
func primeOfProduct(x, z, dz Value) Value {
	return z.sigmoid().mul(exact(1).add(x.mul(Value{-z.Want, z.Bound}.sigmoid()).mul(dz)))
}
