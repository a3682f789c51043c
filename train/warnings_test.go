package train

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

func TestWarnings(t *testing.T) {
	const bounded = ` in front of the softmax bounds what layer "`
	softmax := model.Activation{Function: model.Softmax}
	logits := SparseCategoricalCrossEntropy{FromLogits: true}
	// The name of a layer is no activation.
	g := model.NewGraph(model.Input(3))
	named, err := g.Build(g.AddNamed("head/relu", model.Dense{Units: 2}, g.Input()))
	require.NoError(t, err)
	tr, err := Compile(named, Options{Loss: logits})
	require.NoError(t, err)
	assert.Empty(t, tr.Warnings())
	require.NoError(t, tr.Close())
	for _, c := range []struct {
		layers []model.Spec
		loss   Loss
		want   string
	}{
		{[]model.Spec{model.Dense{Units: 2, Activation: model.Softmax}}, nil, ""},
		{[]model.Spec{model.Dense{Units: 2}, softmax}, nil, ""},
		{[]model.Spec{model.Dense{Units: 2}}, logits, ""},
		{[]model.Spec{model.Dense{Units: 2}, model.Activation{}}, logits, ""},
		{[]model.Spec{model.Dense{Units: 2}, model.Activation{Function: model.Linear}}, logits, ""},
		{[]model.Spec{model.Dense{Units: 2, Activation: model.ReLU}, softmax}, nil, "relu" + bounded + `dense/relu"`},
		{[]model.Spec{model.Dense{Units: 2}, model.ReLULayer{}}, logits, "relu" + bounded + `re_lu"`},
		{[]model.Spec{model.Dense{Units: 2}, model.Activation{Function: model.Sigmoid}}, logits, "sigmoid" + bounded + `activation"`},
		{[]model.Spec{model.Dense{Units: 1, Activation: model.Softmax}}, nil, "a softmax of one value"},
		{[]model.Spec{model.Dense{Units: 2, Activation: model.Softmax}, softmax}, nil, "a softmax of the softmax"},
	} {
		m, err := model.Sequential(model.Input(3), c.layers...)
		require.NoError(t, err)
		tr, err := Compile(m, Options{Loss: c.loss})
		require.NoError(t, err)
		if c.want == "" {
			assert.Empty(t, tr.Warnings())
		} else if assert.Len(t, tr.Warnings(), 1) {
			assert.Contains(t, tr.Warnings()[0], c.want)
		}
		require.NoError(t, tr.Close())
	}
}
