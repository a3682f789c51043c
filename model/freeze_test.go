package model_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

const frozenBelow = `{input: [6, 6, 1], layers: [Conv2D: {filters: 2, kernel_size: 3, activation: relu}, BatchNormalization, MaxPooling2D, Flatten,
	Dense: {units: 4, activation: relu}, Dense: {units: 3, activation: softmax}]}`

func parsed(t *testing.T, text string) *model.Model {
	t.Helper()
	m, err := model.Parse("net.yaml", []byte(text))
	require.NoError(t, err)
	return m
}

// names are the ops' names.
func names(steps []model.Step) (list []string) {
	for _, op := range model.Ops(steps) {
		list = append(list, op.Name())
	}
	return list
}

func TestFreeze(t *testing.T) {
	whole := parsed(t, frozenBelow)
	m, err := whole.Freeze("conv*", "batch_norm*")
	require.NoError(t, err)
	assert.Equal(t, []string{"conv2d", "batch_normalization"}, m.Frozen())
	assert.Empty(t, whole.Frozen(), "the model itself stays")
	assert.Equal(t, 20+8, m.NonTrainableCount())
	assert.Equal(t, whole.ParamCount(), m.ParamCount())
	assert.Contains(t, m.Summary(1), "Non-trainable params: 28 (")
	assert.Contains(t, string(m.YAML()), "Conv2D: {filters: 2, kernel_size: 3, activation: relu, trainable: false}")
	assertSameGraph(t, m, parsed(t, string(m.YAML())))
	assert.Equal(t, m.Frozen(), parsed(t, string(m.YAML())).Frozen())

	l := m.Lower(2, model.LowerOptions{Training: true, Step: kernels.Kept("step", kernels.Int32, 1), Halt: kernels.Kept("halt", kernels.Int32, 1)})
	assert.Equal(t, []string{"softmax_dgrad", "dense_wgrad", "bias_wgrad", "dense_dgrad", "activation_dgrad", "dense_wgrad", "bias_wgrad"}, names(l.Backward),
		"nothing is computed for the frozen layers, nor for those in front of which nothing is learnt")
	assert.NotContains(t, names(l.Forward), "batch_norm_stats")
	assert.Empty(t, l.Update, "the moving averages stay")
	assert.Less(t, l.Gradients.Elements(), l.Weights.Elements())
	for _, p := range m.Params {
		assert.Equal(t, p.NonTrainable, l.Gradient(p) == nil, p.Name)
	}

	again, err := m.Freeze()
	require.NoError(t, err)
	assert.Empty(t, again.Frozen())
	assert.Equal(t, string(whole.YAML()), string(again.YAML()))
}

// A frozen layer behind one that is learnt hands the gradient on, and computes none of its own.
func TestFreezeBehindWhatIsLearnt(t *testing.T) {
	m, err := parsed(t, frozenBelow).Freeze("dense")
	require.NoError(t, err)
	l := m.Lower(2, model.LowerOptions{Training: true, Step: kernels.Kept("step", kernels.Int32, 1)})
	for _, s := range l.Backward {
		if s.Node.Name == "dense" {
			assert.Equal(t, []string{"dense_dgrad"}, names([]model.Step{s}))
		}
	}
}

func TestFreezeRefuses(t *testing.T) {
	m := parsed(t, frozenBelow)
	_, err := m.Freeze("conv*", "flat*")
	assert.EqualError(t, err, `model: freeze "flat*": no layer with parameters has such a name; there are conv2d, batch_normalization, dense and dense_1`)
	_, err = m.Freeze("[")
	assert.EqualError(t, err, `model: freeze "[": syntax error in pattern; give a layer's name, in which * stands for any letters and ? for any one`)
	_, err = model.Parse("net.yaml", []byte("{input: [3], layers: [Dense: {units: 1, trainable: 0}]}"))
	assert.EqualError(t, err, `model: net.yaml:1:52: trainable is "0"; expected true or false`)
}

// Weights go from a model to the same one with other layers frozen, whose parameters have other places.
func TestWeightsForAFrozenModel(t *testing.T) {
	whole := parsed(t, frozenBelow)
	m, err := whole.Freeze("conv2d")
	require.NoError(t, err)
	w := whole.InitialWeights(1)
	frozen, err := w.For(m)
	require.NoError(t, err)
	for p, values := range w.All() {
		got, err := frozen.Values(p.Name)
		require.NoError(t, err)
		assert.Equal(t, values, got, p.Name)
	}
	assert.Equal(t, m.InitialWeights(1).Padded(), frozen.Padded(), "and are drawn the same")
	_, err = w.For(parsed(t, "{input: [3], layers: [Dense: {units: 1}]}"))
	assert.EqualError(t, err, "the weights are those of 10 parameters; the model has 2")
}
