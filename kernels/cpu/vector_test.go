package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// lengths lie around the widths of the assembly's loops.
var lengths = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 31, 32, 33, 40, 41, 63, 64, 65, 71, 73, 97}

// memory holds slices that a loop works on, with a canary behind each.
type memory struct {
	f32 [4][]float32
	i32 []int32
}

const canary = 12345

// special numbers are mixed with the random ones.
var special = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
	float32(math.Copysign(math.NaN(), -1)), 1e-45, -1e-45, math.MaxFloat32, -math.MaxFloat32,
}

func newMemory(n int) memory {
	r := rand.New(rand.NewPCG(uint64(n), 3))
	var m memory
	for i := range m.f32 {
		s := make([]float32, n+1)
		for j := range n {
			s[j] = float32(r.NormFloat64())
			if r.IntN(3) == 0 {
				s[j] = special[r.IntN(len(special))]
			}
		}
		s[n] = canary
		m.f32[i] = s[: n : n+1]
	}
	m.i32 = make([]int32, n+1)
	for j := range n {
		m.i32[j] = int32(r.IntN(9))
	}
	m.i32[n] = canary
	m.i32 = m.i32[: n : n+1]
	return m
}

// bits are those of all that m holds; all NaNs are alike.
func (m memory) bits() []uint32 {
	var list []uint32
	for _, s := range m.f32 {
		for _, v := range s[:cap(s)] {
			if v != v {
				v = float32(math.NaN())
			}
			list = append(list, math.Float32bits(v))
		}
	}
	for _, v := range m.i32[:cap(m.i32)] {
		list = append(list, uint32(v))
	}
	return list
}

// variantsAgree holds every variant of a loop against the portable one.
func variantsAgree(t *testing.T, name string, n int, run func(m memory)) {
	t.Helper()
	if len(Variants()) == 1 {
		t.Skip("this CPU runs the portable code only")
	}
	used := variant
	defer func() { variant = used }()
	variant = portable
	want := newMemory(n)
	run(want)
	for _, variant = range Variants() {
		got := newMemory(n)
		run(got)
		require.Equal(t, want.bits(), got.bits(), "%s of %d elements, %s", name, n, variant)
	}
}

func TestLoopsAgree(t *testing.T) {
	for name, run := range map[string]func(a, b, c, d []float32){
		"add":             func(a, b, c, _ []float32) { add(a, b, c) },
		"add in place":    func(a, b, _, _ []float32) { add(a, a, b) },
		"addScaled":       func(a, b, _, _ []float32) { addScaled(a, -0.3, b) },
		"scale":           func(a, _, _, _ []float32) { scale(a, -0.3) },
		"relu":            func(a, b, _, _ []float32) { relu(a, b) },
		"reluGradient":    func(a, b, c, _ []float32) { reluGradient(a, b, c) },
		"clamp":           func(a, b, _, _ []float32) { clamp(a, b, 0.75) },
		"clampGradient":   func(a, b, c, _ []float32) { clampGradient(a, b, c, 0.75) },
		"sigmoidGradient": func(a, b, c, _ []float32) { sigmoidGradient(a, b, c) },
		"tanhGradient":    func(a, b, c, _ []float32) { tanhGradient(a, b, c) },
		"momentumStep":    func(a, b, c, _ []float32) { momentumStep(a, b, c, 0.9, 0.01) },
		"nesterovStep":    func(a, b, c, _ []float32) { nesterovStep(a, b, c, 0.9, 0.01) },
		"adamStep":        func(a, b, c, d []float32) { adamStep(a, b, c, d, 0.1, 0.001, 0.01, 1e-7) },
		"adagradStep":     func(a, b, c, _ []float32) { adagradStep(a, b, c, 0.01, 0.1, 1e-7) },
		"lambDirection": func(a, b, c, d []float32) {
			lambDirection{new1: 0.1, new2: 0.001, scale1: 1.5, scale2: 2.5, epsilon: 1e-7}.step(a, b, c, d)
		},
		"lionStep":          func(a, b, c, _ []float32) { lionStep(a, b, c, 0.9, 0.1, 0.99, 0.01, 0.01) },
		"relu in place":     func(a, _, _, _ []float32) { relu(a, a) },
		"gradient in place": func(a, b, _, _ []float32) { reluGradient(b, a, b) },
	} {
		for _, n := range lengths {
			variantsAgree(t, name, n, func(m memory) { run(m.f32[0], m.f32[1], m.f32[2], m.f32[3]) })
		}
	}
}

func TestSquaresAgree(t *testing.T) {
	for _, n := range lengths {
		var want float64
		variantsAgree(t, "squares", n, func(m memory) {
			x := m.f32[0]
			for i := range x {
				x[i] = float32(i%7) * 0.3e20
			}
			got := squares(x)
			if variant == portable {
				want = got
			}
			require.Equal(t, want, got)
			exact := 0.0
			for _, v := range x {
				exact += float64(v) * float64(v)
			}
			require.InEpsilon(t, 1+exact, 1+got, 1e-14)
		})
	}
}

// Rows of every number of channels, with others beside them that belong to somebody else.
func TestRowsAgree(t *testing.T) {
	const rows, beside = 3, 2
	for _, channels := range lengths[1:] {
		stride := channels + beside
		for name, run := range map[string]func(m memory, sums []float32){
			"addRows":    func(m memory, sums []float32) { addRows(sums, m.f32[1], rows, stride) },
			"addSquares": func(m memory, sums []float32) { addSquares(sums, m.f32[1], m.f32[2][:channels], rows, stride) },
			"addProducts": func(m memory, sums []float32) {
				addProducts(sums, m.f32[1], m.f32[2], m.f32[3][:channels], rows, stride)
			},
			"normalize": func(m memory, sums []float32) {
				normalize(m.f32[1], m.f32[2], sums, m.f32[3][:channels], m.f32[3][stride:][:channels], rows, stride)
			},
			"normalizeGradient": func(m memory, sums []float32) {
				d := m.f32[3]
				normalizeGradient(m.f32[1], m.f32[1], m.f32[2], sums, d[:channels], d[stride:][:channels], d[2*stride:][:channels], rows, stride)
			},
		} {
			variantsAgree(t, name, rows*stride, func(m memory) { run(m, m.f32[0][:channels]) })
		}
	}
}

func TestFiniteAgrees(t *testing.T) {
	for _, n := range lengths {
		x := make([]float32, n, n+1)
		x[:n+1][n] = float32(math.NaN()) // beyond the end
		for i := range x {
			x[i] = math.MaxFloat32
		}
		variantsAgree(t, "finite", n, func(memory) { assert.True(t, finite(x)) })
		for i := range x {
			for _, bad := range []float64{math.NaN(), -math.NaN(), math.Inf(1), math.Inf(-1)} {
				x[i] = float32(bad)
				variantsAgree(t, "finite", n, func(memory) { assert.False(t, finite(x), "%v at %d", bad, i) })
			}
			x[i] = -math.MaxFloat32
		}
	}
}

// Windows of every number of channels, with a border, that overlap and that do not.
func TestTapsAgree(t *testing.T) {
	for _, channels := range lengths[1:] {
		for _, size := range []int{2, 3} {
			window, err := kernels.NewWindow([2]int{5, 6}, [2]int{size, size}, [2]int{2, 2}, [2]int{1, 1}, kernels.Same)
			require.NoError(t, err)
			g := pool2D{kernels.Pool2D{N: 1, C: channels, Window: window}}
			in, out := g.H*g.W*g.C, g.P*g.Q*g.C
			for g.Kind = kernels.MaxPool; g.Kind <= kernels.SumPool; g.Kind++ {
				name := fmt.Sprint(g)
				variantsAgree(t, name, in, func(m memory) { g.pool(m.f32[0], m.f32[1][:out], nil, 0, g.P) })
				variantsAgree(t, name+" with index", in, func(m memory) { g.pool(m.f32[0], m.f32[1][:out], m.i32[:out], 0, g.P) })
				variantsAgree(t, name+" gradient", in, func(m memory) { g.gradient(m.f32[0][:out], m.i32[:out], m.f32[1]) })
			}
		}
	}
}

func TestPoolsAllocateNothing(t *testing.T) {
	window, err := kernels.NewWindow([2]int{9, 9}, [2]int{3, 3}, [2]int{2, 2}, [2]int{1, 1}, kernels.Same)
	require.NoError(t, err)
	g := pool2D{kernels.Pool2D{N: 1, C: 9, Window: window}}
	x, y, index := make([]float32, g.H*g.W*g.C), make([]float32, g.P*g.Q*g.C), make([]int32, g.P*g.Q*g.C)
	used := variant
	defer func() { variant = used }()
	for _, variant = range Variants() {
		for g.Kind = kernels.MaxPool; g.Kind <= kernels.SumPool; g.Kind++ {
			assert.Zero(t, testing.AllocsPerRun(10, func() {
				g.pool(x, y, index, 0, g.P)
				g.gradient(y, index, x)
			}), "%v, %s", g, variant)
		}
	}
}
