package kerneltest

import (
	"math"
	"math/rand/v2"
)

// reals are in [−1, 1).
func reals(r *rand.Rand, _ int) float64 { return 2*r.Float64() - 1 }

// integers are in [−4, 4].
func integers(r *rand.Rand, _ int) float64 { return float64(r.IntN(9) - 4) }

// integersAndNaN are integers with a few NaNs among them.
func integersAndNaN(r *rand.Rand, i int) float64 {
	if r.IntN(20) == 0 {
		return math.NaN()
	}
	return integers(r, i)
}

// positives are in [0, 1).
func positives(r *rand.Rand, _ int) float64 { return r.Float64() }

// scaled draws normal numbers with standard deviation scale.
func scaled(scale float64) contents {
	return func(r *rand.Rand, _ int) float64 { return scale * r.NormFloat64() }
}

// constant is the same number everywhere.
func constant(v float64) contents { return func(*rand.Rand, int) float64 { return v } }

// cycled repeats a list.
func cycled(values ...float64) contents {
	return func(_ *rand.Rand, i int) float64 { return values[i%len(values)] }
}

// at is f, but for element i.
func at(i int, v float64, f contents) contents {
	return func(r *rand.Rand, j int) float64 {
		if i == j {
			return v
		}
		return f(r, j)
	}
}

// labels are classes below k with, one time in four, something that is no class.
func labels(k int) contents {
	none := []float64{-1, float64(k), math.MinInt32, 1 << 30}
	return func(r *rand.Rand, _ int) float64 {
		if r.IntN(4) == 0 {
			return none[r.IntN(len(none))]
		}
		return float64(r.IntN(k))
	}
}

// wants are the values of an output that the oracle computed.
func wants(values []Value) contents {
	return func(_ *rand.Rand, i int) float64 { return values[i].Want }
}

// draw returns n numbers of f.
func draw(f contents, n int) []float64 {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	list := make([]float64, n)
	for i := range list {
		list[i] = f(r, i)
	}
	return list
}
