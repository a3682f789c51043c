package kerneltest

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// No function makes NaN of what is none, and each hands a NaN on.
func TestActivationsOfExtremes(t *testing.T) {
	extremes := []float64{0, 1e-45, -1e-45, 50, -50, 1e4, -1e4, 3e38, -3e38, math.Inf(1), math.Inf(-1)}
	for _, f := range allActivations() {
		y, err := activationFprop(f, exacts(extremes))
		require.NoError(t, err)
		v := y
		if f.FromX() {
			v = exacts(extremes)
		}
		ones := exacts(slices.Repeat([]float64{1}, len(extremes)))
		dx, err := activationDgrad(f, v, ones)
		require.NoError(t, err)
		for i, x := range extremes {
			assert.False(t, math.IsNaN(y[i].Want), "%v of %v", f, x)
			assert.False(t, math.IsNaN(dx[i].Want), "the derivative of %v at %v", f, x)
		}
		y, err = activationFprop(f, exacts([]float64{math.NaN()}))
		require.NoError(t, err)
		assert.True(t, math.IsNaN(y[0].Want), "%v of NaN", f)
	}
	limits := map[kernels.Function][2]float64{ // at −∞ and +∞, with a parameter of 1
		kernels.ELU: {-1, math.Inf(1)}, kernels.SELU: {-1.7580993408473766, math.Inf(1)}, kernels.ReLU6: {0, 1}, kernels.HardSigmoid: {0, 1},
		kernels.Softplus: {0, math.Inf(1)}, kernels.Softsign: {-1, 1}, kernels.Exponential: {0, math.Inf(1)}, kernels.SiLU: {0, math.Inf(1)},
		kernels.GELU: {0, math.Inf(1)}, kernels.GELUTanh: {0, math.Inf(1)}, kernels.HardSwish: {0, math.Inf(1)}, kernels.Mish: {0, math.Inf(1)},
	}
	for f, want := range limits {
		y, err := activationFprop(kernels.Activation{Function: f, Alpha: 1}, exacts([]float64{math.Inf(-1), math.Inf(1)}))
		require.NoError(t, err)
		for i := range want {
			assert.True(t, math.Abs(want[i]-y[i].Want) <= 1e-15 || want[i] == y[i].Want, "%v: %v, want %v", f, y[i].Want, want[i])
		}
	}
}
