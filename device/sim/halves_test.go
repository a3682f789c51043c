package sim_test

import (
	_ "embed"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// NVRTC 12.9 made it with --gpu-architecture=compute_80 --std=c++17 -lineinfo and the headers of nvidia-cuda-runtime-cu12 12.9.
//
//go:embed testdata/halves.ptx
var halvesPTX string

// halfFunctions are those of the kernels half_unary and bfloat16_unary, in their order.
var halfFunctions = []struct {
	name string
	f    func(float64) float64
}{
	{"exp", math.Exp}, {"exp2", math.Exp2}, {"exp10", func(x float64) float64 { return math.Pow(10, x) }},
	{"log", math.Log}, {"log2", math.Log2}, {"log10", math.Log10}, {"sin", math.Sin}, {"cos", math.Cos}, {"tanh", math.Tanh},
	{"sqrt", math.Sqrt}, {"rsqrt", func(x float64) float64 { return 1 / math.Sqrt(x) }}, {"rcp", func(x float64) float64 { return 1 / x }},
	{"ceil", math.Ceil}, {"floor", math.Floor}, {"rint", math.RoundToEven}, {"trunc", math.Trunc}, {"abs", math.Abs},
	{"neg", func(x float64) float64 { return -x }},
}

// halfOperations are those of the kernels half_binary and bfloat16_binary: first of single numbers, then of pairs.
var halfOperations = []struct {
	name string
	f    func(x, y float64) float64
}{
	{"add", func(x, y float64) float64 { return x + y }}, {"sub", func(x, y float64) float64 { return x - y }},
	{"mul", func(x, y float64) float64 { return x * y }}, {"div", func(x, y float64) float64 { return x / y }},
	{"min", math.Min}, {"max", math.Max}, {"fma", func(x, y float64) float64 { return x*y + x }},
	{"fma_relu", func(x, y float64) float64 { return max(x*y+x, 0) }},
	{"add_sat", func(x, y float64) float64 { return clampToOne(x + y) }}, {"mul_sat", func(x, y float64) float64 { return clampToOne(x * y) }},
	{"sub_sat", func(x, y float64) float64 { return clampToOne(x - y) }},
	{"eq", whether(func(x, y float64) bool { return x == y })}, {"ne", whether(func(x, y float64) bool { return x != y })},
	{"lt", whether(func(x, y float64) bool { return x < y })}, {"le", whether(func(x, y float64) bool { return x <= y })},
	{"gt", whether(func(x, y float64) bool { return x > y })}, {"ge", whether(func(x, y float64) bool { return x >= y })},
	{"min2", math.Min}, {"max2", math.Max}, {"add2", func(x, y float64) float64 { return x + y }}, {"div2", func(x, y float64) float64 { return x / y }},
}

func clampToOne(x float64) float64 { return max(0, min(x, 1)) }

func whether(holds func(x, y float64) bool) func(x, y float64) float64 {
	return func(x, y float64) float64 { return choose(holds(x, y), 1.0, 0.0) }
}

// TestHalfIntrinsics runs the intrinsics of NVIDIA's headers and holds them against float64, to one or two units in the last place.
func TestHalfIntrinsics(t *testing.T) {
	const n, singles = 32, 11
	for name, f := range map[string]format{"half": formats["f16"], "bfloat16": formats["bf16"]} {
		x, values := make([]uint16, n), make([]float64, n)
		for i := range x {
			v := []float64{0, 1, -1, 0.5, 2, -2.5, 3, 0.1, -0.75, 6, 10, -7, 100, 0.01, 4, -0.3}[i%16] * choose(i < 16, 1, 1.37)
			x[i] = uint16(f.encode(big.NewFloat(v), "rn"))
			values[i], _ = f.value(uint64(x[i])).Float64()
		}
		near := func(got uint16, want float64, what string, args ...float64) {
			w := f.canonicalNaN()
			if want == want {
				w = f.encode(new(big.Float).SetPrec(exact).SetFloat64(want), "rn")
			}
			if uint64(got) == w || f.isNaN(w) && f.isNaN(uint64(got)) {
				return
			}
			require.False(t, f.isNaN(uint64(got)) || f.isNaN(w), "%s %s of %v: %04x, should be %04x", name, what, args, got, w)
			g, _ := f.value(uint64(got)).Float64()
			unit := math.Ldexp(1, 1-f.precision)
			require.InDelta(t, want, g, 2*unit*math.Abs(want)+unit/8, "%s %s of %v", name, what, args)
		}

		d := checked(t)
		in := upload(t, d, x)
		out := alloc(t, d, 2*54*n)
		_, err := d.Launch(kernelOf(t, d, halvesPTX, name+"_unary"), linear(1), linear(n), 0, pack(in, out, int32(n)))
		require.NoError(t, err)
		got := make([]uint16, 54*n)
		download(t, d, out, got)
		for i, v := range values {
			for j, row := range halfFunctions {
				near(got[54*i+j], row.f(v), row.name, v)
				near(got[54*i+18+2*j], row.f(v), row.name+" of a pair", v)
				near(got[54*i+19+2*j], row.f(values[(i+1)%n]), row.name+" of a pair", values[(i+1)%n])
			}
		}

		out, truths := alloc(t, d, 2*31*n), alloc(t, d, 16*n)
		_, err = d.Launch(kernelOf(t, d, halvesPTX, name+"_binary"), linear(1), linear(n), 0, pack(in, out, truths, int32(n)))
		require.NoError(t, err)
		got, told := make([]uint16, 31*n), make([]uint32, 4*n)
		download(t, d, out, got)
		download(t, d, truths, told)
		for i, a := range values {
			b := values[(i*7+3)%n]
			for j, row := range halfOperations {
				if j < singles {
					near(got[31*i+j], row.f(a, b), row.name, a, b)
					continue
				}
				near(got[31*i+2*j-singles], row.f(a, b), row.name, a, b)
				near(got[31*i+2*j-singles+1], row.f(b, b), row.name, b, b)
			}
			is := func(holds bool, value uint32) uint32 { return choose(holds, value, 0) }
			require.Equal(t, []uint32{
				is(a == b, 1) | is(a < b, 2) | is(a >= b, 4),
				is(a == b, 1) | is(false, 2) | is(false, 4) | is(a >= b, 8),
				is(a == b, 0xffff) | 0xffff0000, is(a < b, 0xffff),
			}, told[4*i:4*i+4], "%s of %v and %v", name, a, b)
		}
	}
}
