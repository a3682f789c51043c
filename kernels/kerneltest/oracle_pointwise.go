package kerneltest

import (
	"fmt"
	"math"

	"cnn-gpu/kernels"
)

// unknown is the error for a function or a kind that was added to package kernels alone.
func unknown[T kernels.Function | kernels.BinaryFunction | kernels.LossFunction | kernels.PoolKind](what T) error {
	return fmt.Errorf("the oracle does not know %T %[1]d; write its formula down in kernels/kerneltest/oracle_*.go", what)
}

// activationFprop hands errors of x on: of the functions that stand here none is steeper than 1, or than its parameter, and a ReLU of what is
// surely negative is 0. The others are curves.
func activationFprop(f kernels.Activation, x []Value) ([]Value, error) {
	y := make([]Value, len(x))
	for i, v := range x {
		switch f.Function {
		case kernels.Linear:
			y[i] = v
		case kernels.ReLU:
			if !(v.Want+v.Bound < 0) {
				y[i] = Value{math.Max(v.Want, 0), v.Bound}
			}
		case kernels.Sigmoid:
			y[i] = v.sigmoid()
		case kernels.Tanh:
			y[i] = function(math.Tanh(v.Want), v.Bound)
		case kernels.LeakyReLU:
			alpha := float64(f.Alpha)
			y[i] = rounded(math.Max(v.Want, 0)+alpha*math.Min(v.Want, 0), math.Max(alpha, 1)*v.Bound)
			if math.IsNaN(v.Want) {
				y[i] = v
			}
		default:
			c, err := curveOf(f)
			if err != nil {
				return nil, err
			}
			y[i] = c.fprop(v)
		}
	}
	return y, nil
}

// activationDgrad hands errors of dy on and of what the derivative is told from, which for the functions that stand here is y. A ReLU whose output may be positive or not may let the gradient through or not.
func activationDgrad(f kernels.Activation, v, dy []Value) ([]Value, error) {
	dx := make([]Value, len(v))
	one := exact(1)
	for i := range v {
		y, dy := v[i], dy[i]
		switch f.Function {
		case kernels.Linear:
			dx[i] = dy
		case kernels.ReLU:
			if y.Want > 0 {
				dx[i] = dy
			}
			if y.Bound > 0 && math.Abs(y.Want) <= y.Bound {
				dx[i].Bound = dy.size()
			}
		case kernels.Sigmoid:
			dx[i] = dy.mul(y).mul(one.sub(y))
		case kernels.Tanh:
			dx[i] = dy.mul(one.sub(y.mul(y)))
		case kernels.LeakyReLU:
			alpha := exact(float64(f.Alpha))
			dx[i] = dy
			if !(y.Want > 0) {
				dx[i] = dy.mul(alpha)
			}
			if y.Bound > 0 && math.Abs(y.Want) <= y.Bound {
				dx[i].Bound += math.Abs(1-alpha.Want) * dy.size()
			}
		default:
			c, err := curveOf(f)
			if err != nil {
				return nil, err
			}
			dx[i] = c.dgrad(y, dy)
		}
	}
	return dx, nil
}

// eachPair calls f for every element of A with its place and that of the element of B that it meets.
func eachPair(g kernels.Binary, f func(a, b int)) {
	for a := range g.N * g.M * g.K {
		f(a, a/g.K/g.M*g.K+a%g.K)
	}
}

// ahead says whether the second of two values is the one that a maximum, or with sign -1 a minimum, takes, and whether their errors leave
// that open.
func ahead(sign float64, a, b Value) (isB, isOpen bool) {
	isB = sign*b.Want > sign*a.Want || math.IsNaN(b.Want)
	errors := a.Bound + b.Bound
	return isB, errors > 0 && math.Abs(a.Want-b.Want) <= errors
}

// signOf is 1 for a maximum and -1 for a minimum, and 0 for another function.
func signOf(f kernels.BinaryFunction) float64 {
	return map[kernels.BinaryFunction]float64{kernels.Maximum: 1, kernels.Minimum: -1}[f]
}

func binaryFprop(g kernels.Binary, a, b []Value) (y []Value, err error) {
	y = make([]Value, len(a))
	eachPair(g, func(i, j int) {
		switch a, b := a[i], b[j]; g.Function {
		case kernels.Multiply:
			y[i] = a.mul(b)
		case kernels.Subtract:
			y[i] = a.sub(b)
		case kernels.Plus:
			y[i] = a.add(b)
		case kernels.Maximum, kernels.Minimum:
			isB, isOpen := ahead(signOf(g.Function), a, b)
			if y[i] = a; isB {
				y[i] = b
			}
			if isOpen {
				y[i].Bound = max(a.Bound, b.Bound)
			}
		default:
			err = unknown(g.Function)
		}
	})
	return y, err
}

// binaryDgrad hands errors on. Where it is open which value a maximum takes, either may get the gradient.
func binaryDgrad(g kernels.Binary, a, b, dy []Value) (da, db []Value, err error) {
	da, db = make([]Value, len(a)), make([]Value, len(a))
	eachPair(g, func(i, j int) {
		switch a, b, dy := a[i], b[j], dy[i]; g.Function {
		case kernels.Multiply:
			da[i], db[i] = dy.mul(b), dy.mul(a)
		case kernels.Subtract:
			da[i], db[i] = dy, Value{-dy.Want, dy.Bound}
		case kernels.Plus:
			da[i], db[i] = dy, dy
		case kernels.Maximum, kernels.Minimum:
			isB, isOpen := ahead(signOf(g.Function), a, b)
			if da[i] = dy; isB {
				da[i], db[i] = Value{}, dy
			}
			if isOpen {
				da[i].Bound, db[i].Bound = dy.size(), dy.size()
			}
		default:
			err = unknown(g.Function)
		}
	})
	return da, db, err
}

func rescale(op kernels.Rescale, x []Value) []Value {
	y := make([]Value, len(x))
	for i, v := range x {
		y[i] = v.mul(exact(float64(op.Scale))).add(exact(float64(op.Offset)))
	}
	return y
}

// dropout keeps what has a word that is large enough.
func dropout(op kernels.Dropout, x []float64, step float64) []Value {
	y := make([]Value, len(x))
	scale := rounded(1/(1-op.Rate), 0)
	for i, v := range x {
		if float64(philox(i/4, step, op.Seed, op.Stream)[i%4]) >= math.Floor(op.Rate*0x1p32) {
			y[i] = exact(v).mul(scale)
		}
	}
	return y
}

// gaussianNoise follows Box and Muller. An angle of a quarter turn, whose cosine is 0, is not one exactly in float64.
func gaussianNoise(op kernels.GaussianNoise, x []Value, step float64) []Value {
	y := make([]Value, len(x))
	for i, v := range x {
		words := philox(i/4, step, op.Seed, op.Stream)
		first, second := words[i%4/2*2], words[i%4/2*2+1]
		angle := 2 * math.Pi * float64(second>>8) / 0x1p24
		wave := function(math.Cos(angle), 1e-15)
		if i%2 == 1 {
			wave = function(math.Sin(angle), 1e-15)
		}
		radius := exact(float64(first>>8+1) / 0x1p24).log().mul(exact(-2)).sqrt()
		y[i] = v.add(radius.mul(wave).mul(exact(float64(op.Deviation))))
	}
	return y
}

// philox is Philox4x32-10, written here once more from the paper: ten rounds of the function of its figure 4, the key bumped by the Weyl
// constants between two rounds.
func philox(block int, step float64, k0, k1 uint32) [4]uint32 {
	counter := [4]uint32{uint32(block), uint32(int64(step)), 0, 0}
	for range 10 {
		left := uint64(counter[0]) * 0xD2511F53
		right := uint64(counter[2]) * 0xCD9E8D57
		counter[0] = uint32(right>>32) ^ counter[1] ^ k0
		counter[2] = uint32(left>>32) ^ counter[3] ^ k1
		counter[1], counter[3] = uint32(right), uint32(left)
		k0, k1 = k0+0x9E3779B9, k1+0xBB67AE85
	}
	return counter
}

func finiteCheck(x []float64, step, halt float64) []Value {
	for _, v := range x {
		if halt == 0 && (math.IsNaN(v) || math.IsInf(v, 0)) {
			halt = step
		}
	}
	return exacts([]float64{halt})
}
