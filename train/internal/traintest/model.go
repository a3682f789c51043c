// Package traintest holds what the tests of train and of the packages below it share.
package traintest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

// SmallNet has every kind of layer that draws, pools or branches, and trains in a moment.
func SmallNet(t *testing.T, dropout float64) *model.Model {
	t.Helper()
	g := model.NewGraph(model.Input(28, 28, 1))
	x := g.Add(model.Conv2D{Filters: 8, Kernel: model.Pair{3, 3}, Strides: model.Pair{2, 2}, Activation: model.ReLU}, g.Input())
	x = g.Add(model.MaxPooling2D{}, x)
	y := g.Add(model.Conv2D{Filters: 8, Kernel: model.Pair{3, 3}, Padding: model.Same, Activation: model.ReLU}, x)
	x = g.Add(model.Add{}, x, y)
	x = g.Add(model.Flatten{}, x)
	x = g.Add(model.Dropout{Rate: dropout}, x)
	x = g.Add(model.Dense{Units: 10, Activation: model.Softmax}, x)
	m, err := g.Build(x)
	require.NoError(t, err)
	return m
}
