package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

func TestModels(t *testing.T) {
	list := succeed(t, "models").stdout
	assert.Equal(t, list, succeed(t, "models", "list").stdout)
	assert.Regexp(t, `mnist-cnn +│ +93,322 +│ +5,588,480 +│ \[28 28 1\] +│ TensorFlow, "Convolutional neural`, list)
	for _, name := range model.Zoo() {
		assert.Contains(t, list, "\n"+name+" ")
		text, err := model.ZooText(name)
		require.NoError(t, err)
		assert.Equal(t, text, succeed(t, "models", "show", name).stdout)
	}
}

// The help names every word that a model file may use.
func TestModelsNamesEveryWord(t *testing.T) {
	help := succeed(t, "models", "--help").stdout
	words := model.Kinds()
	for _, f := range model.Functions() {
		words = append(words, string(f))
	}
	for _, p := range model.Paddings() {
		words = append(words, string(p))
	}
	for _, i := range model.Interpolations() {
		words = append(words, string(i))
	}
	for _, i := range model.Initializers() {
		words = append(words, string(i))
	}
	for _, word := range words {
		assert.Regexp(t, `[ ,]`+word+`[ ,\n]`, help)
	}
}

func TestModelsJSON(t *testing.T) {
	out := succeed(t, "models", "--json").stdout
	assert.Equal(t, out, succeed(t, "models", "list", "--json").stdout)
	assert.Equal(t, 1, strings.Count(out, "\n"))
	assertSnakeCase(t, out)
	var list []zooModel
	require.NoError(t, json.Unmarshal([]byte(out), &list))
	assert.Contains(t, list, zooModel{"mnist-cnn", 93322, 5588480, []int{28, 28, 1}, model.ZooSource("mnist-cnn")})
	out = succeed(t, "models", "show", "mlp", "--json").stdout
	assert.Equal(t, 1, strings.Count(out, "\n"))
	var file zooFile
	require.NoError(t, json.Unmarshal([]byte(out), &file))
	text, err := model.ZooText("mlp")
	require.NoError(t, err)
	assert.Equal(t, zooFile{"mlp", text}, file)
}
