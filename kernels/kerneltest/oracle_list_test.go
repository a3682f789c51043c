package kerneltest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// Noise moves a sum of n terms by its bound's 1/√n, up or down, and leaves a zero.
func TestNoiseIsAPartOfTheBound(t *testing.T) {
	g := kernels.Dense{N: 1, C: 24, K: 200}
	op := kernels.DenseFprop{Dense: g, X: float("x", 1, g.C), W: float("w", g.C, g.K), B: float("b", g.K), Y: float("y", 1, g.K)}
	o := Oracle{Noise: rand.New(rand.NewPCG(1, 2))}
	for i := range o.Of(op.X) {
		o.Of(op.X)[i] = float64(i)
	}
	for i := range o.Of(op.W) {
		o.Of(op.W)[i] = float64(i%g.K) / 7
	}
	exact, err := Compute(op, [][]float64{o.Of(op.X), o.Of(op.W), o.Of(op.B), nil})
	require.NoError(t, err)
	require.NoError(t, o.Run([]kernels.Op{op}))
	up := 0
	for i, v := range exact[3] {
		moved := o.Of(op.Y)[i] - v.Want
		if v.Want == 0 {
			assert.Zero(t, moved)
			continue
		}
		assert.InEpsilon(t, v.Bound/5, math.Abs(moved), 1e-6) // 24 products and a bias
		if moved > 0 {
			up++
		}
	}
	assert.InDelta(t, g.K/2, up, 30)
}

// Squares of gradients, probabilities and losses that are smaller than any float32 stay at least zero, and what is made of them finite.
func TestNoiseLeavesNothingNegative(t *testing.T) {
	const n = 40
	buffer := func(name string) *kernels.Buffer { return float(name, n) }
	w, m, v, a, g := buffer("w"), buffer("m"), buffer("v"), buffer("a"), buffer("g")
	rate, step, halt := float("rate", 1), kernels.NewBuffer("step", kernels.Int32, 1), kernels.NewBuffer("halt", kernels.Int32, 1)
	x, y, loss, labels := float("x", n/2, 2), float("y", n/2, 2), float("loss", n/2), kernels.NewBuffer("labels", kernels.Int32, n/2)
	adam := kernels.Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, W: w, M: m, V: v, DW: g, Rate: rate, Step: step, Halt: halt}
	rmsprop := kernels.RMSprop{Rho: 0.9, Epsilon: 1e-7, W: w, V: v, DW: g, Rate: rate, Halt: halt}
	centered := rmsprop
	centered.Centered, centered.A, centered.Momentum, centered.M = true, a, 0.9, m
	for name, c := range map[string]struct {
		op          kernels.Op
		nonNegative []*kernels.Buffer
	}{
		"adagrad": {kernels.Adagrad{Epsilon: 1e-7, W: w, V: v, DW: g, Rate: rate, Halt: halt}, []*kernels.Buffer{v}},
		"adam":    {adam, []*kernels.Buffer{v}}, "rmsprop": {rmsprop, []*kernels.Buffer{v}}, "rmsprop, centered": {centered, []*kernels.Buffer{v}},
		"sgd":           {kernels.SGD{Momentum: 0.9, W: w, V: m, DW: g, Rate: rate, Halt: halt}, nil},
		"softmax":       {kernels.SoftmaxFprop{N: n / 2, K: 2, X: x, Y: y}, []*kernels.Buffer{y}},
		"cross entropy": {kernels.CrossEntropyFprop{N: n / 2, K: 2, X: x, Labels: labels, Y: y, Loss: loss}, []*kernels.Buffer{y, loss}},
	} {
		o := Oracle{Noise: rand.New(rand.NewPCG(1, 2))}
		for i := range n {
			o.Of(g)[i] = 1e-30
			o.Of(x)[i] = float64(200 * (i % 2))
		}
		o.Of(rate)[0] = 0.001
		for i := range o.Of(labels) {
			o.Of(labels)[i] = 1
		}
		for at := range 3 {
			o.Of(step)[0] = float64(at + 1)
			require.NoError(t, o.Run([]kernels.Op{c.op}), name)
		}
		for _, b := range c.nonNegative {
			for i, value := range o.Of(b) {
				assert.GreaterOrEqual(t, value, 0.0, "%s: %s[%d]", name, b.Name, i)
			}
		}
		for _, value := range o.Of(w) {
			assert.False(t, math.IsNaN(value), name)
		}
	}
}

// The noise of a device that multiplies in a precision is that of its factors and of its result, and far more than float32's.
func TestNoiseInAPrecision(t *testing.T) {
	g := kernels.Dense{N: 20, C: 64, K: 30}
	op := kernels.DenseFprop{Dense: g, X: float("x", g.N, g.C), W: float("w", g.C, g.K), B: float("b", g.K), Y: float("y", g.N, g.K)}
	typical := func(algorithm string) float64 {
		o := Oracle{Noise: rand.New(rand.NewPCG(1, 2))}
		for _, b := range []*kernels.Buffer{op.X, op.W} {
			copy(o.Of(b), exactly(draw(reals, b.Elements())))
		}
		before := append(slices.Clone(o.Of(op.X)), o.Of(op.W)...)
		exact, err := Compute(op, [][]float64{o.Of(op.X), o.Of(op.W), o.Of(op.B), nil})
		require.NoError(t, err)
		require.NoError(t, o.RunAs([]kernels.Op{op}, []string{algorithm}))
		assert.Equal(t, before, append(slices.Clone(o.Of(op.X)), o.Of(op.W)...), "factors stay as they are")
		total := 0.0
		for i, v := range exact[3] {
			total += math.Pow(o.Of(op.Y)[i]-v.Want, 2)
		}
		return math.Sqrt(total / float64(len(exact[3])))
	}
	// 64 products of numbers of mean square 1/3, each of whose factors moves by u at most, and their sum by u.
	for p, u := range map[string]float64{"tf32": 0x1p-11, "bf16": 0x1p-8} {
		assert.InEpsilon(t, u*math.Sqrt(3*64)/3, typical(p), 0.2, p)
	}
	assert.Less(t, 100*typical(""), typical("tf32"))
	o := Oracle{}
	require.NoError(t, o.RunAs([]kernels.Op{op}, []string{"bf16"}), "without noise it is exact")
}
