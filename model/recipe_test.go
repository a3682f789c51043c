package model_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

const recipeModel = "name: small\ninput: [4]\nlayers:\n  - Dense: {units: 2, activation: softmax}\n"

// lines are settings as flags take them, under their sections.
func lines(settings []model.Setting) (list []string) {
	for _, s := range settings {
		list = append(list, s.Section+" "+s.Key+" "+s.Line())
	}
	return list
}

func TestRecipe(t *testing.T) {
	const text = recipeModel + `train:
  epochs: 30
  optimizer: {sgd: {momentum: 0.9, nesterov: true, weight_decay: 5e-4}}
  schedule:
    one_cycle:
      peak: 0.4
  strict: false
  class_weights: {cat: 2, dog: 0.5}
  head: [dense, dense_1]
data:
  resize: 32x32
  augment: [flip, {crop: {padding: 4, fill: 0.5}}, {cutmix: 0.2}]
  split: "0.25"
`
	settings, err := model.ParseRecipe("net.yaml", []byte(text))
	require.NoError(t, err)
	want := []string{
		"data resize 32x32", "data augment flip,crop:padding=4:fill=0.5,cutmix:0.2", "data split 0.25",
		"train epochs 30", "train optimizer sgd,momentum=0.9,nesterov=true,weight_decay=5e-4", "train schedule one_cycle,peak=0.4", "train strict false",
		"train class_weights cat:2,dog:0.5", "train head dense,dense_1",
	}
	assert.Equal(t, want, lines(settings))
	sgd := settings[4]
	assert.Equal(t, "sgd", sgd.Text)
	assert.Equal(t, "momentum", sgd.Options[0].Key)
	assert.EqualError(t, sgd.Errorf("what is %s", sgd.Text), "model: net.yaml:7:3: what is sgd")
	assert.EqualError(t, sgd.Options[1].Errorf("no"), "model: net.yaml:7:36: no")

	// It is as much of a model as it is without the sections, and can be written again.
	m, err := model.Parse("net.yaml", []byte(text))
	require.NoError(t, err)
	assert.Equal(t, recipeModel, string(m.YAML()))
	again, err := model.ParseRecipe("net.yaml", m.RecipeText(settings))
	require.NoError(t, err)
	assert.Equal(t, want, lines(again))

	path := filepath.Join(t.TempDir(), "net.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	settings, err = model.Recipe(path)
	require.NoError(t, err)
	assert.Equal(t, want, lines(settings))
	for _, name := range model.Zoo() {
		_, err := model.Recipe(name)
		assert.NoError(t, err, name)
	}
	settings, err = model.ParseRecipe("net.yaml", []byte(recipeModel))
	require.NoError(t, err)
	assert.Empty(t, settings)
}

func TestRecipeRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"train: 3":                               `net.yaml:5:8: train is "3"; expected fields, such as epochs: 30`,
		"data:":                                  "net.yaml:5:6: data is empty; expected fields, such as augment: [flip, crop]",
		"train: {}":                              "net.yaml:5:8: train is empty; expected fields",
		"train: {epochs: 3, epochs: 4}":          "net.yaml:5:20: epochs is given twice, first in line 5",
		"train: {epochs: }":                      "net.yaml:5:17: epochs is empty; expected a word or a number",
		"train: {epochs: []}":                    "net.yaml:5:17: epochs is a list of 0; expected a word or a number",
		"train: {[a]: 3}":                        "net.yaml:5:9: a key of train is a list of 1; expected a word or a number",
		"train: {optimizer: {sgd: {}}}":          "net.yaml:5:26: sgd is empty; expected fields, such as momentum: 0.9",
		"train: {optimizer: {sgd: {a: [1]}}}":    "net.yaml:5:30: a is a list of 1; expected a word or a number",
		"train: {optimizer: {sgd: [1]}}":         "net.yaml:5:26: sgd is a list of 1; expected a word or a number",
		"data: {augment: [flip, [crop]]}":        "net.yaml:5:24: an item of augment is a list of 1; expected a word, or one with its settings, such as crop: {padding: 4}",
		"data: {augment: [{flip: 1, crop: 4}]}":  "net.yaml:5:18: an item of augment is a mapping; expected a word",
		"data: {augment: [{crop: [4]}]}":         "net.yaml:5:25: crop is a list of 1; expected a word or a number",
		"data: {augment: [{crop: {a: {b: 1}}}]}": "net.yaml:5:29: a is a mapping; expected a word or a number",
		"trian: {epochs: 3}":                     "net.yaml:5:1: the file has no field \"trian\"; did you mean train?",
		"train: &a {epochs: 3}":                  "net.yaml:5:8: anchors and aliases",
	} {
		_, err := model.ParseRecipe("net.yaml", []byte(recipeModel+text+"\n"))
		assert.ErrorContains(t, err, "model: "+want, text)
	}
	_, err := model.Recipe(strings.Repeat("no", 3) + ".yaml")
	assert.ErrorContains(t, err, "no such file")
}
