package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// roundedTo rounds a float32 to nearest: to TF32 with ties away from zero, to bfloat16 with ties to even.
func roundedTo(p kernels.Precision, x float32) float32 {
	bits := math.Float32bits(x)
	if p == kernels.BF16 {
		return math.Float32frombits((bits + 0x7fff + bits>>16&1) &^ 0xffff)
	}
	return math.Float32frombits((bits + 0x1000) &^ 0x1fff)
}

// multiplyAdded is c and products of two, as a tensor core adds them: what lies below the 24 bits of the largest is lost, and so it is of the sum.
func multiplyAdded(c float32, a, b []float32) float32 {
	terms := []float64{float64(c)}
	for i := range a {
		terms = append(terms, float64(a[i])*float64(b[i]))
	}
	truncated := func(v float64, exponent int) float64 {
		last := math.Ldexp(1, exponent-24)
		return math.Trunc(v/last) * last
	}
	largest := -1000
	for _, v := range terms {
		if _, exponent := math.Frexp(v); v != 0 {
			largest = max(largest, exponent)
		}
	}
	total := 0.0
	for _, v := range terms {
		total += truncated(v, largest)
	}
	_, exponent := math.Frexp(total)
	return float32(truncated(total, exponent))
}

// A tensor core, written down here once more, is within the bound of its precision and outside of that of float32, most of all where all
// terms have one sign, so that all truncations add up.
func TestATensorCoreIsWithinItsBound(t *testing.T) {
	const step = 8
	for _, precision := range []kernels.Precision{kernels.TF32, kernels.BF16} {
		for _, stored := range []bool{false, true} {
			for name, values := range map[string]contents{"of both signs": reals, "of one sign": positives, "large and small": scaledApart} {
				g := kernels.Dense{N: 3, C: 203, K: 5}
				op := kernels.DenseFprop{Dense: g, X: float("x", g.N, g.C), W: float("w", g.C, g.K), B: float("b", g.K), Y: float("y", g.N, g.K)}
				in := [][]Value{draw(values, g.N*g.C), draw(values, g.C*g.K), draw(values, g.K), nil}
				bounded, err := compute(op, precision.String(), in)
				require.NoError(t, err)
				plain, err := compute(op, "", in)
				require.NoError(t, err)
				worst, worstOfPlain := 0.0, 0.0
				for n := range g.N {
					for k := range g.K {
						var total float32
						for first := 0; first < g.C; first += step {
							var a, b []float32
							for c := first; c < min(first+step, g.C); c++ {
								a = append(a, roundedTo(precision, float32(in[0][n*g.C+c].Want)))
								b = append(b, roundedTo(precision, float32(in[1][c*g.K+k].Want)))
							}
							total = multiplyAdded(total, a, b)
						}
						total += float32(in[2][k].Want)
						if stored {
							total = roundedTo(precision, total)
						}
						worst = max(worst, bounded[3][n*g.K+k].ratio(float64(total)))
						worstOfPlain = max(worstOfPlain, plain[3][n*g.K+k].ratio(float64(total)))
					}
				}
				what := fmt.Sprintf("%v, numbers %s, stored rounded: %v: %v of the bound, %v of float32's", precision, name, stored, worst, worstOfPlain)
				assert.LessOrEqual(t, worst, 1.0, what)
				assert.Greater(t, worst, 0.001, what)
				assert.Greater(t, worstOfPlain, 1.0, what)
			}
		}
	}
}

// scaledApart are numbers of very different sizes.
func scaledApart(r *rand.Rand, i int) float64 { return math.Ldexp(reals(r, i), r.IntN(60)-30) }

// The truncations of sums alone, of factors that no rounding changes, are within the bound too, and more than float32's own rounding.
func TestTruncatedSumsAreWithinTheBound(t *testing.T) {
	const products = 1000
	for _, step := range []int{1, 4, 8, 16} {
		var s sum
		var total float32
		for first := 0; first < products; first += step {
			var a, b []float32
			for i := first; i < min(first+step, products); i++ {
				a, b = append(a, roundedTo(kernels.TF32, 1+float32(i%37)/41)), append(b, roundedTo(kernels.TF32, 1+float32(i%31)/61))
				s.add(float64(a[len(a)-1]) * float64(b[len(b)-1]))
			}
			total = multiplyAdded(total, a, b)
		}
		assert.LessOrEqual(t, s.roundedBy(tensorCoreUnit).ratio(float64(total)), 1.0, step)
		assert.Less(t, float64(total), s.value, "truncation makes it smaller")
	}
	// An addition that loses a bit of a term, and one of the sum.
	var s sum
	const c, factor = 1 + 0x1p-23, 1 + 0x1p-12
	s.add(c)
	s.add(factor * factor)
	lost := s.value - float64(multiplyAdded(c, []float32{factor}, []float32{factor}))
	assert.Greater(t, lost, unit*s.magnitude)
	assert.LessOrEqual(t, lost, tensorCoreUnit*s.magnitude)
}

// What a value is rounded to is within its bound, which is none where the precision has the number.
func TestNarrowedValues(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, p := range []kernels.Precision{kernels.TF32, kernels.BF16} {
		largest := 0.0
		for range 100_000 {
			x := math.Float32frombits(r.Uint32())
			if math.Abs(float64(x)) > 0x1p127 || math.IsNaN(float64(x)) {
				continue
			}
			y := roundedTo(p, x)
			ratio := narrowed(p, exact(float64(x))).ratio(float64(y))
			require.LessOrEqual(t, ratio, 1.0, "%v: %v", p, x)
			require.Equal(t, exact(float64(y)), narrowed(p, exact(float64(y))), "%v", p)
			largest = max(largest, ratio)
		}
		assert.Greater(t, largest, 0.99, p)
		for _, v := range []float64{0, 1, -255, math.Inf(1), math.Inf(-1)} {
			assert.Equal(t, exact(v), narrowed(p, exact(v)))
		}
		assert.Zero(t, narrowed(p, exact(math.NaN())).Bound)
	}
	assert.Equal(t, Value{3, 0.5 + 3.5*0x1p-11 + 0x1p-137}, narrowed(kernels.TF32, Value{3, 0.5}))
	assert.Equal(t, Value{257, 257*0x1p-8 + 0x1p-134}, narrowed(kernels.BF16, exact(257)))
	assert.Equal(t, exact(257), narrowed(kernels.TF32, exact(257)))
}

// TestPrecisionsByHand counts out which values a precision rounds.
func TestPrecisionsByHand(t *testing.T) {
	there := kernels.NewBuffer("there", kernels.Float32, 1)
	dense := kernels.Dense{N: 1, C: 1, K: 1}
	const u, odd = 0x1p-8, 257 // the first integer that bfloat16 has not
	type list = []Value
	for _, c := range []struct {
		name string
		op   kernels.Op
		in   [][]Value
		at   int
		want list // within what float32 rounds
	}{
		{"the result alone", kernels.DenseFprop{Dense: dense, X: there, W: there, B: there, Y: there}, [][]Value{{{2, 0}}, {{3, 0}}, {{1, 0}}, nil}, 3, list{{7, 7 * u}}},
		{"a factor", kernels.DenseFprop{Dense: dense, X: there, W: there, B: there, Y: there}, [][]Value{{{odd, 0}}, {{1, 0}}, {{-1, 0}}, nil}, 3, list{{256, 257*u + (256+257*u)*u}}},
		{"both factors", kernels.DenseWgrad{Dense: dense, X: there, DY: there, DW: there}, [][]Value{{{odd, 0}}, {{odd, 0}}, {{0.5, 0}}}, 2, list{{odd*odd + 0.5, odd*odd*(2*u+u*u) + 0.03}}},
		{"what is added to, never", kernels.DenseWgrad{Dense: dense, X: there, DY: there, DW: there}, [][]Value{{{1, 0}}, {{1, 0}}, {{odd, 0}}}, 2, list{{258, 0}}},
		{"the result", kernels.DenseDgrad{Dense: dense, DY: there, W: there, DX: there}, [][]Value{{{3, 0}}, {{101, 0}}, nil}, 2, list{{303, 303 * u}}},
		{"what a bias gets", kernels.BiasWgrad{M: 2, K: 1, DY: there, DB: there}, [][]Value{{{odd, 0}, {1, 0}}, {{odd, 0}}}, 1, list{{515, 257 * u}}},
		{"an activation's result", kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.ReLU}, X: there, Y: there},
			[][]Value{{{odd, 0}, {-odd, 0}, {7, 1}}, nil}, 1, list{{odd, 257 * u}, {0, 0}, {7, 1 + 8*u}}},
		{"a sum", kernels.Add{A: there, B: there, Y: there}, [][]Value{{{odd, 0}}, {{odd, 1}}, nil}, 2, list{{514, 1 + 515*u}}},
	} {
		out, err := compute(c.op, "bf16", c.in)
		require.NoError(t, err, c.name)
		require.Len(t, out[c.at], len(c.want), c.name)
		for i, w := range c.want {
			assert.Equal(t, w.Want, out[c.at][i].Want, "%s [%d]", c.name, i)
			assert.InDelta(t, w.Bound, out[c.at][i].Bound, 1e-3+1e-5*w.Bound, "%s [%d]", c.name, i)
		}
	}
	pool := kernels.Pool2DFprop{Pool2D: kernels.Pool2D{Kind: kernels.MaxPool, N: 1, C: 1, Window: must(kernels.NewWindow([2]int{1, 2}, [2]int{1, 2}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid))},
		X: there, Y: there, Index: there}
	out, err := compute(pool, "bf16", [][]Value{{{odd, 0}, {1, 0}}, nil, nil})
	require.NoError(t, err)
	assert.Equal(t, [][]Value{nil, {narrowed(kernels.BF16, exact(odd))}, {{0, 0}}}, out, "an index is not rounded")
}
