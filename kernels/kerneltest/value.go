package kerneltest

import (
	"math"
	"slices"
)

// Value is an element of an output as the oracle computes it, and how far a device's float32 result may lie from it. A Bound
// of zero asks for the very same number.
type Value struct{ Want, Bound float64 }

const (
	unit = 0x1p-24  // the largest relative error of one rounding to float32
	tiny = 0x1p-149 // the smallest float32: the largest absolute error of a rounding that underflows

	// functionError is the relative error of exp, log and tanh in float32: the CUDA C++ Programming Guide promises 2 units in the
	// last place, each at most 2·unit.
	functionError = 4 * unit
	// erfcError is that of erfc, for which it promises 4 units.
	erfcError = 8 * unit
	// powError is that of pow, for which it promised 8 units and then 4.
	powError = 16 * unit
)

// gamma bounds the relative growth of n roundings: (1+δ)^n − 1 with |δ| ≤ unit (Higham, Lemma 3.1).
func gamma(n int) float64 { return growth(n, unit) }

// growth is gamma for roundings of another size.
func growth(n int, unit float64) float64 {
	nu := float64(n) * unit
	return nu / (1 - nu)
}

// exact is a value without error, such as an input.
func exact(v float64) Value { return Value{Want: v} }

// exacts are values without error; none of no values.
func exacts(values []float64) []Value {
	if values == nil {
		return nil
	}
	list := make([]Value, len(values))
	for i, v := range values {
		list[i] = exact(v)
	}
	return list
}

// exactly are the numbers that a device should compute.
func exactly(values []Value) []float64 {
	if values == nil {
		return nil
	}
	list := make([]float64, len(values))
	for i, v := range values {
		list[i] = v.Want
	}
	return list
}

func areExact(values []Value) bool {
	return !slices.ContainsFunc(values, func(v Value) bool { return v.Bound != 0 })
}

// size is the largest magnitude that a device's result may have.
func (a Value) size() float64 { return math.Abs(a.Want) + a.Bound }

// rounded is the result of an operation: v, from operands whose errors change it by at most bound, rounded once.
func rounded(v, bound float64) Value { return Value{v, bound + unit*(math.Abs(v)+bound) + tiny} }

func (a Value) add(b Value) Value { return rounded(a.Want+b.Want, a.Bound+b.Bound) }
func (a Value) sub(b Value) Value { return rounded(a.Want-b.Want, a.Bound+b.Bound) }

func (a Value) mul(b Value) Value {
	return rounded(a.Want*b.Want, math.Abs(a.Want)*b.Bound+math.Abs(b.Want)*a.Bound+a.Bound*b.Bound)
}

func (a Value) div(b Value) Value {
	q := a.Want / b.Want
	least := math.Abs(b.Want) - b.Bound
	if least <= 0 {
		return Value{q, math.Inf(1)}
	}
	return rounded(q, (a.Bound+math.Abs(q)*b.Bound)/least)
}

func (a Value) sqrt() Value {
	root := math.Sqrt(a.Want)
	return rounded(root, root-math.Sqrt(max(a.Want-a.Bound, 0)))
}

// function is the result of a library function: v, from an operand whose error changes it by at most bound.
func function(v, bound float64) Value {
	return Value{v, bound + functionError*(math.Abs(v)+bound) + 2*tiny}
}

func (a Value) exp() Value {
	v := math.Exp(a.Want)
	return function(v, math.Exp(a.Want+a.Bound)-v)
}

func (a Value) sigmoid() Value {
	y := exact(1).div(exact(1).add(Value{min(-a.Want, 700), a.Bound}.exp()))
	// Where exp(−a) overflows float32 the result is 0 and the true value below 2^−127.
	y.Bound += 0x1p-127
	return y
}

func (a Value) log() Value {
	v := math.Log(a.Want)
	return function(v, v-math.Log(a.Want-a.Bound))
}

func (a Value) erfc() Value {
	v := math.Erfc(a.Want)
	bound := math.Erfc(a.Want-a.Bound) - v
	return Value{v, bound + erfcError*(v+bound) + 4*tiny}
}

// pow is a to a power of at least 0, where a is at least 0 but for its error.
func (a Value) pow(exponent float64) Value {
	if exponent == 0 {
		return exact(1)
	}
	v := math.Pow(a.Want, exponent)
	bound := max(math.Pow(a.Want+a.Bound, exponent)-v, v-math.Pow(max(a.Want-a.Bound, 0), exponent))
	return Value{v, bound + powError*(v+bound) + 4*tiny}
}

// sum is a sum of any number of terms in any order.
type sum struct {
	value, magnitude, bound float64
	terms                   int
}

// add adds an input, or a product of two. A term takes part in at most terms−1 additions and, if it is a product, in one
// multiplication: terms roundings in all.
func (s *sum) add(term float64) {
	s.value += term
	s.magnitude += math.Abs(term)
	s.terms++
}

// addValue adds a term that may have an error of its own.
func (s *sum) addValue(v Value) {
	s.add(v.Want)
	s.bound += v.Bound
}

// addProduct adds a product of two numbers that may have errors of their own.
func (s *sum) addProduct(a, b Value) {
	s.add(a.Want * b.Want)
	if a.Bound != 0 || b.Bound != 0 {
		s.bound += math.Abs(a.Want)*b.Bound + math.Abs(b.Want)*a.Bound + a.Bound*b.Bound
	}
}

func (s sum) result() Value { return s.roundedBy(unit) }

// roundedBy is the result if each operation errs by at most a part of what it computes.
func (s sum) roundedBy(unit float64) Value {
	growth := growth(s.terms, unit)
	return Value{s.value, growth*s.magnitude + (1+growth)*s.bound + float64(s.terms)*tiny}
}

func results(sums []sum) []Value { return roundedBy(unit, sums) }

func roundedBy(unit float64, sums []sum) []Value {
	list := make([]Value, len(sums))
	for i, s := range sums {
		list[i] = s.roundedBy(unit)
	}
	return list
}

// sumsFrom begins each sum with a value that is there already.
func sumsFrom(start []Value) []sum {
	sums := make([]sum, len(start))
	for i, v := range start {
		sums[i].addValue(v)
	}
	return sums
}
