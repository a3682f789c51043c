package model_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

func TestWarnings(t *testing.T) {
	softmax := model.Dense{Units: 3, Activation: model.Softmax}
	for _, c := range []struct {
		input  model.Shape
		layers []model.Spec
		want   []string
	}{
		{model.Input(4), []model.Spec{softmax}, nil},
		{model.Input(4), []model.Spec{softmax, model.Dense{Units: 2, Activation: model.Softmax}}, nil},
		{model.Input(4), []model.Spec{softmax, model.Activation{Function: model.ReLU}, model.Activation{Function: model.Softmax}}, nil},
		{model.Input(4), []model.Spec{softmax, model.Activation{Function: model.Softmax}},
			[]string{`layer "activation" is a softmax of the softmax of layer "dense", which learns slowly and is never sure: leave one of them out`}},
		{model.Input(1, 2, 4), []model.Spec{model.Activation{Function: model.Softmax}, model.Dropout{Rate: 0.5}, model.Flatten{}, model.Activation{}, model.Activation{Function: model.Softmax}},
			[]string{`layer "activation_2" is a softmax of the softmax of layer "activation", which learns slowly and is never sure: leave one of them out`}},
		{model.Input(4), []model.Spec{model.Dense{Units: 1, Activation: model.Softmax}},
			[]string{`layer "dense" is a softmax of one value, which is always 1: give the layer before it two units, one for each class`}},
		{model.Input(1, 28, 28), []model.Spec{model.Conv2D{Filters: 2, Kernel: model.Pair{3, 3}, Padding: model.Same}},
			[]string{"input [1 28 28] looks like an image with its channels first; images are [height width channels] here: [28 28 1]"}},
		{model.Input(3, 224, 200), []model.Spec{model.Flatten{}},
			[]string{"input [3 224 200] looks like an image with its channels first; images are [height width channels] here: [224 200 3]"}},
		{model.Input(8, 8, 64), []model.Spec{model.Flatten{}}, nil},
		{model.Input(3, 3, 64), []model.Spec{model.Flatten{}}, nil},
		{model.Input(1, 100, 1), []model.Spec{model.Flatten{}}, nil},
	} {
		m, err := model.Sequential(c.input, c.layers...)
		require.NoError(t, err)
		assert.Equal(t, c.want, m.Warnings())
	}
	for _, name := range model.Zoo() {
		m, err := model.Open(name)
		require.NoError(t, err)
		assert.Empty(t, m.Warnings(), name)
	}
}

// Where an image with its channels first cannot be built upon, the error says what it looks like.
func TestChannelsFirst(t *testing.T) {
	_, err := model.Sequential(model.Input(1, 28, 28), model.Conv2D{Filters: 2, Kernel: model.Pair{3, 3}})
	assert.ErrorContains(t, err, "looks like an image with its channels first; images are [height width channels] here: [28 28 1]")
	_, err = model.Parse("net.yaml", []byte("input: [3, 32, 32]\nlayers: [MaxPooling2D: {pool_size: 4}]\n"))
	assert.ErrorContains(t, err, "images are [height width channels] here: [32 32 3]")
	_, err = model.Sequential(model.Input(5, 5, 1), model.Conv2D{Filters: 2, Kernel: model.Pair{7, 7}})
	assert.NotContains(t, err.Error(), "channels first")
}

// A nil layer is answered as any other mistake is.
func TestNilLayers(t *testing.T) {
	_, err := model.Sequential(model.Input(4), model.Dense{Units: 2}, nil)
	assert.EqualError(t, err, "model: layer 2 is nil; give a layer such as Dense{Units: 10}")
	_, err = model.Sequential(model.Input(4), (*model.Dense)(nil))
	assert.EqualError(t, err, "model: layer 1 is nil; give a layer such as Dense{Units: 10}")
	_, err = model.Sequential(model.Input(4), hollow{})
	assert.EqualError(t, err, `model: Foreign "foreign": its Build returned neither a layer nor an error`)
	g := model.NewGraph(model.Input(4))
	_, err = g.Build(g.AddNamed("a", nil, g.Input()))
	assert.ErrorContains(t, err, "layer 1 is nil")
	g = model.NewGraph(model.Input(4))
	_, err = g.Build(g.Add(model.Flatten{}, nil))
	assert.ErrorContains(t, err, "an input is no layer of this graph")
}

// hollow is a layer that somebody has not finished.
type hollow struct{ foreign }

func (hollow) Build([]model.Shape) (model.Layer, error) { return nil, nil }
