package model_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

// The variances and limits are those of the papers, for fans of 3·3·20 = 180 and 3·3·30 = 270.
func TestInitializers(t *testing.T) {
	glorot, he := math.Sqrt(6.0/450), math.Sqrt(6.0/180)
	rows := []struct {
		initializer     model.Initializer
		limit, variance float64
	}{
		{"", glorot, glorot * glorot / 3},
		{model.GlorotUniform, glorot, glorot * glorot / 3},
		{model.HeUniform, he, he * he / 3},
		{model.HeNormal, 2 * math.Sqrt(2.0/180) / 0.87962566, 2.0 / 180},
		{model.Zeros, 0, 0},
		{model.Ones, 1, 1}, // a mean square
	}
	known := map[model.Initializer]bool{}
	for _, c := range rows {
		known[c.initializer] = true
		m, err := model.Sequential(model.Input(3, 3, 20), model.Conv2D{Filters: 30, Kernel: model.Pair{3, 3}, KernelInitializer: c.initializer, BiasInitializer: model.Ones})
		require.NoError(t, err)
		w := m.InitialWeights(1)
		assert.Equal(t, w.Padded(), m.InitialWeights(1).Padded())
		values, err := w.Values("conv2d/kernel")
		require.NoError(t, err)
		largest, sum, squares := 0.0, 0.0, 0.0
		for _, v := range values {
			largest = max(largest, math.Abs(float64(v)))
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
		n := float64(len(values))
		assert.LessOrEqual(t, largest, c.limit*(1+1e-6), c.initializer)
		assert.GreaterOrEqual(t, largest, 0.99*c.limit, c.initializer)
		// Five standard deviations of the mean and, with a kurtosis of at most 3, of the variance.
		if c.initializer != model.Ones {
			assert.InDelta(t, 0, sum/n, 5*math.Sqrt(c.variance/n), c.initializer)
		}
		assert.InDelta(t, c.variance, squares/n, 5*c.variance*math.Sqrt(2/n), c.initializer)
		bias, err := w.Values("conv2d/bias")
		require.NoError(t, err)
		require.Len(t, bias, 30)
		for _, v := range bias {
			require.EqualValues(t, 1, v)
		}
		if c.variance > 0 && c.initializer != model.Ones {
			assert.NotEqual(t, w.Padded(), m.InitialWeights(2).Padded())
		}
	}
	for _, i := range model.Initializers() {
		assert.True(t, known[i], "%s has no row here", i)
	}
}

// Weight decay applies to filters and matrices, and not to what normalisations scale and shift by, whatever its shape.
func TestDecays(t *testing.T) {
	m, err := model.Sequential(model.Input(4, 4, 2), model.Conv2D{Filters: 3, Kernel: model.Pair{3, 3}}, model.LayerNormalization{Axis: []model.Axis{1, 2, 3}},
		model.GroupNormalization{Groups: 3}, model.PReLU{}, model.Flatten{}, model.Dense{Units: 2})
	require.NoError(t, err)
	var decayed []string
	for _, p := range m.Params {
		if p.Decays() {
			decayed = append(decayed, p.Name)
		}
	}
	assert.Equal(t, []string{"conv2d/kernel", "p_re_lu/alpha", "dense/kernel"}, decayed)
}

// Written down from keras.src.initializers.random_initializers.compute_fans.
func TestFansAreThoseOfKeras(t *testing.T) {
	for _, c := range []struct {
		shape   model.Shape
		in, out int
	}{{model.Shape{5}, 5, 5}, {model.Shape{4, 5}, 4, 5}, {model.Shape{3, 4, 5}, 12, 15}, {model.Shape{1, 1, 5}, 1, 5}, {model.Shape{2, 3, 4, 5}, 24, 30}} {
		in, out := (&model.Param{Shape: c.shape}).Fans()
		assert.Equal(t, [2]int{c.in, c.out}, [2]int{in, out}, "%v", c.shape)
	}
}
