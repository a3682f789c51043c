package data

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNormalization(t *testing.T) {
	x := func() []float32 { return []float32{0, 0.5, 1, 0.25, 0.5, 0.75} }
	for want, n := range map[*[]float32]Normalization{
		{0, 0.5, 1, 0.25, 0.5, 0.75}:         {},
		{-1, -0.25, 0.5, -0.5, -0.25, 0.25}:  {Mean: []float64{0.5, 0.75, 0.5}, Std: []float64{0.5, 1, 1}},
		{-0.5, 0, 0.5, -0.25, 0, 0.25}:       {Mean: []float64{0.5}},
		{0, 2, 4, 1, 2, 3}:                   {Std: []float64{0.25}},
		{-0.25, 0.125, 0, 0, 0.125, -0.0625}: {Mean: []float64{0.25, 0.25, 1}, Std: []float64{1, 2, 4}},
	} {
		require.NoError(t, n.Check([]int{1, 2, 3}))
		got := x()
		n.Apply(got, 3)
		assert.Equal(t, *want, got, n)
	}
	// In float32, as torchvision computes it.
	got := []float32{float32(200) / 255}
	Normalization{Mean: []float64{0.1307}, Std: []float64{0.3081}}.Apply(got, 1)
	assert.InDelta(t, (float32(200)/255-float32(0.1307))/float32(0.3081), got[0], 0)

	assert.Equal(t, "mean 0.4914, 0.5, standard deviation 1", Normalization{Mean: []float64{0.491401, 0.5}}.String())
	for want, n := range map[string]Normalization{
		"2 means, images [1 2 3] have 3 channels: give one for each, or one for all": {Mean: []float64{1, 2}},
		"4 standard deviations, images":                                              {Std: []float64{1, 2, 3, 4}},
		"a mean of NaN: give":                                                        {Mean: []float64{math.NaN()}},
		"a mean of 1e+39":                                                            {Mean: []float64{1e39}},
		"a standard deviation of 0: give numbers above 0":                            {Std: []float64{0.5, 0, 1}},
		"a standard deviation of -1":                                                 {Std: []float64{-1}},
		"a standard deviation of 1e-50":                                              {Std: []float64{1e-50}},
		"a standard deviation of +Inf":                                               {Std: []float64{math.Inf(1)}},
	} {
		assert.ErrorContains(t, n.Check([]int{1, 2, 3}), want)
	}
}

func TestNormalizationOf(t *testing.T) {
	s := &images{name: "a", shape: []int{1, 2, 2}, classes: []string{"x", "y"}, pixels: []byte{0, 255, 255, 255, 0, 51, 0, 255}, labels: []byte{0, 1}}
	n, err := NormalizationOf(s)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{0.25, 0.8}, n.Mean, 1e-7)
	assert.InDeltaSlice(t, []float64{math.Sqrt(3) / 4, math.Sqrt(0.12)}, n.Std, 1e-7)

	// Normalized by that, the set's means are 0 and its deviations 1.
	again, err := NormalizationOf(Normalized(s, n))
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{0, 0}, again.Mean, 1e-7)
	assert.InDeltaSlice(t, []float64{1, 1}, again.Std, 1e-7)
	assert.Same(t, s, Normalized(s, Normalization{}))

	s.pixels = []byte{0, 7, 255, 7, 0, 7, 0, 7}
	_, err = NormalizationOf(s)
	assert.ErrorContains(t, err, "a: channel 1 is 0.02745098 everywhere")
	broken := errors.New("broken")
	_, err = NormalizationOf(failing{s, broken})
	assert.ErrorIs(t, err, broken)
	_, err = Normalized(failing{s, broken}, n).Example(0, make([]float32, 4))
	assert.ErrorIs(t, err, broken)
}
