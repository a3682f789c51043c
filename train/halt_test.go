package train

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

// transformed is a network whose convolutions run by Winograd's algorithm, and a set of one image for it.
func transformed(t *testing.T) (*model.Model, *set) {
	t.Helper()
	m, err := model.Sequential(model.Input(9, 9, 32),
		model.Conv2D{Filters: 32, Kernel: model.Pair{3, 3}, Activation: model.ReLU},
		model.Conv2D{Filters: 32, Kernel: model.Pair{3, 3}, Activation: model.ReLU},
		model.Flatten{}, model.Dense{Units: 2, Activation: model.Softmax})
	require.NoError(t, err)
	return m, &set{shape: []int{9, 9, 32}, n: 1}
}

// The layer that a halt names is the one whose sums as they stand are not finite, whatever Winograd's algorithm carries where.
func TestHaltNamesTheLayer(t *testing.T) {
	const middle = (4*9 + 4) * 32
	for name, c := range map[string]struct {
		pixel  float32            // in the middle of an image
		scales map[string]float32 // of the weights
		want   NotFiniteError
	}{
		"a pixel that is no number":     {float32(math.NaN()), nil, NotFiniteError{Layer: "input", What: "output"}},
		"an infinite pixel":             {float32(math.Inf(1)), nil, NotFiniteError{Layer: "input", What: "output"}},
		"the first layer":               {1e38, map[string]float32{"conv2d/kernel": 1e10}, NotFiniteError{Layer: "conv2d", What: "output"}},
		"the second layer":              {1e30, map[string]float32{"conv2d_1/kernel": 1e20}, NotFiniteError{Layer: "conv2d_1", What: "output"}},
		"a gradient":                    {1e38, map[string]float32{"conv2d/kernel": 1e-37, "conv2d_1/kernel": 1e5, "dense/kernel": 1e3}, NotFiniteError{Layer: "conv2d", What: "gradient"}},
		"Winograd's algorithm and none": {3e38, map[string]float32{"conv2d/kernel": 1e-37, "conv2d_1/kernel": 1e-5}, NotFiniteError{OnlyFast: true}},
	} {
		t.Run(name, func(t *testing.T) {
			m, images := transformed(t)
			images.fill = func(x []float32) {
				for i := range x {
					x[i] = 0.5
				}
				x[middle] = c.pixel
			}
			w := m.InitialWeights(1)
			for name, scale := range c.scales {
				values, err := w.Values(name)
				require.NoError(t, err)
				for i := range values {
					values[i] *= scale
				}
			}
			tr, err := Compile(m, Options{Optimizer: Adam{}, Weights: w})
			require.NoError(t, err)
			defer tr.Close()
			_, err = tr.Fit(context.Background(), images, FitOptions{})
			var found *NotFiniteError
			require.ErrorAs(t, err, &found)
			c.want.Step, c.want.Epoch = 1, 1
			assert.Equal(t, c.want, *found)
			if c.want.OnlyFast {
				assert.ErrorContains(t, err, "only by the faster algorithms")
				assert.ErrorContains(t, err, "train with Strict (--strict)")
			}
		})
	}
}

// set is images that a function fills.
type set struct {
	shape []int
	n     int
	fill  func(x []float32)
}

func (s *set) Name() string      { return "set" }
func (s *set) Len() int          { return s.n }
func (s *set) Shape() []int      { return s.shape }
func (s *set) Classes() []string { return []string{"no", "yes"} }

func (s *set) Example(_ int, x []float32) (int32, error) {
	s.fill(x)
	return 1, nil
}
