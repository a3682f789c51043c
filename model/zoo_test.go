package model_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

func TestZoo(t *testing.T) {
	params := map[string]int{
		"mnist-cnn":           (9*1+1)*32 + (9*32+1)*64 + (9*64+1)*64 + (576+1)*64 + (64+1)*10,
		"mnist-convnet":       34826, // as Keras's page of this example prints it
		"logistic-regression": (784 + 1) * 10,
		"mlp":                 (784+1)*128 + (128+1)*10,
		"lenet-5":             (25+1)*6 + (25*6+1)*16 + (400+1)*120 + (120+1)*84 + (84+1)*10,
		"resnet-mini":         (9+1)*16 + 2*(9*16+1)*16 + (9*16+1)*32 + (9*32+1)*32 + (16+1)*32 + (32+1)*10,
	}
	assert.Len(t, params, len(model.Zoo()))
	for _, name := range model.Zoo() {
		m, err := model.Open(name)
		require.NoError(t, err)
		assert.Equal(t, name, m.Name)
		assert.Equal(t, params[name], m.ParamCount(), name)
		assert.Equal(t, model.Shape{28, 28, 1}, m.Input.Shape)
		assert.Equal(t, model.Shape{10}, m.Output.Shape)
		_, ok := m.Logits()
		assert.True(t, ok, name)
	}
	assert.Equal(t, 93322, params["mnist-cnn"])
}

func TestOpen(t *testing.T) {
	text, err := model.ZooText("lenet-5")
	require.NoError(t, err)
	assert.Contains(t, text, "# LeNet-5")
	path := filepath.Join(t.TempDir(), "mine.yaml")
	require.NoError(t, os.WriteFile(path, []byte("input: [4]\nlayers: [Dense: {units: 2}]"), 0o644))
	m, err := model.Open(path)
	require.NoError(t, err)
	assert.Equal(t, "mine", m.Name)

	const zoo = "the zoo has lenet-5, logistic-regression, mlp, mnist-cnn, mnist-convnet, resnet-mini"
	_, err = model.Open("mnist-cn")
	assert.EqualError(t, err, `model: there is no model file "mnist-cn" and no such model in the zoo; did you mean mnist-cnn? (`+zoo+")")
	_, err = model.Open("something.yaml")
	assert.EqualError(t, err, `model: there is no model file "something.yaml" and no such model in the zoo; `+zoo)
	_, err = model.ZooText("lenet")
	assert.EqualError(t, err, `model: there is no model "lenet" in the zoo; did you mean lenet-5? (`+zoo+")")
	_, err = model.Open(t.TempDir())
	assert.ErrorContains(t, err, "is a folder: expected a model file")
}
