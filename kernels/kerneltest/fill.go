package kerneltest

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"cnn-gpu/kernels"
)

// contents gives the elements of a buffer.
type contents func(r *rand.Rand, i int) float64

// fillBuffers gives the contents, rounded to their type, of the kept buffers that the ops read before they write them.
func fillBuffers(ops []kernels.Op, name string, fill map[string]contents, otherwise contents) memory[float64] {
	before, seen := memory[float64]{}, map[*kernels.Buffer]bool{}
	for at, op := range ops {
		for _, o := range op.Operands() {
			if o.Buffer == nil {
				continue
			}
			b, _ := o.Buffer.Root()
			if !b.Keep || seen[b] {
				continue
			}
			seen[b] = true
			if o.Access == kernels.Write {
				continue
			}
			f := fill[b.Name]
			if f == nil {
				f = fill[o.Name]
			}
			if f == nil {
				f = otherwise
			}
			seed := fnv.New64a()
			fmt.Fprint(seed, name, at, o.Name)
			before[b] = drawn(rand.New(rand.NewPCG(seed.Sum64(), 0)), f, b.Type, b.Elements())
		}
	}
	return before
}

func drawn(r *rand.Rand, f contents, t kernels.Type, n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = f(r, i)
		switch t {
		case kernels.Int32:
			values[i] = math.Trunc(values[i])
		case kernels.Uint8:
			values[i] = float64(uint8(values[i]))
		default:
			values[i] = float64(float32(values[i]))
		}
	}
	return values
}

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

// halfZero are integers of which every other one, or so, is zero, as a ReLU leaves a gradient.
func halfZero(r *rand.Rand, i int) float64 {
	if r.IntN(2) == 0 {
		return 0
	}
	return integers(r, i)
}

// fewPixels are real numbers in every 23rd pixel of images with so many channels, in one channel of two, and zeros elsewhere.
func fewPixels(channels int) contents {
	return func(r *rand.Rand, i int) float64 {
		if i/channels%23 != 0 || r.IntN(2) == 0 {
			return 0
		}
		return reals(r, i)
	}
}

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

// wants are the values of an output that the oracle computed. It knows what the table has.
func wants(values []Value, err error) contents {
	if err != nil {
		panic(err)
	}
	return func(_ *rand.Rand, i int) float64 { return values[i].Want }
}

// draw returns n numbers of f.
func draw(f contents, n int) []Value {
	return exacts(drawn(rand.New(rand.NewPCG(uint64(n), 1)), f, kernels.Float32, n))
}
