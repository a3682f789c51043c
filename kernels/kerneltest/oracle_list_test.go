package kerneltest

import (
	"math"
	"math/rand/v2"
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
