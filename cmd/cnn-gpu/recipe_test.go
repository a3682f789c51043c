package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

const tinyRecipe = `data: {augment: [flip, {crop: {padding: 2}}], validation: 0.25}
train:
  epochs: 4
  batch: 8
  optimizer: {sgd: {learning_rate: 0.05, momentum: 0.5, nesterov: true}}
  schedule: {one_cycle: {peak: 0.5}}
  label_smoothing: 0.1
  seed: 3
`

// withRecipe adds sections to the model's file.
func (w tiny) withRecipe(t *testing.T, sections string) {
	t.Helper()
	require.NoError(t, os.WriteFile(w.model, []byte(tinyModel+sections), 0o666))
}

// A model file with sections trains as the flags do; its folder has a file that trains so again, with what the command line changed; a run goes on
// with what it began with, whatever becomes of the file.
func TestRecipe(t *testing.T) {
	w := newTiny(t)
	train := func(args ...string) []float32 {
		t.Helper()
		w.out += "-next"
		succeed(t, append([]string{"train", "--device", "cpu", "--out", w.out}, args...)...)
		return w.weights(t)
	}
	t.Chdir(filepath.Dir(w.data))
	want := train("--model", w.model, "--data", filepath.Base(w.data), "--augment", "flip,crop:2", "--validation", "0.25", "--epochs", "4", "--batch", "8", "--optimizer", "sgd",
		"--lr", "0.05", "--momentum", "0.5", "--nesterov", "--schedule", "one-cycle,peak=0.5", "--label-smoothing", "0.1", "--seed", "3")
	written := filepath.Join(w.out, "recipe.yaml")
	byFlags, err := os.ReadFile(written)
	require.NoError(t, err)
	assert.Equal(t, tinyModel, string(byFlags[:len(tinyModel)]))

	w.withRecipe(t, tinyRecipe)
	assert.Equal(t, want, train("--model", w.model, "--data", w.data))
	t.Chdir(t.TempDir())
	assert.Equal(t, want, train("--model", written), "the run's own, with the data's folder")
	again, err := os.ReadFile(filepath.Join(w.out, "recipe.yaml"))
	require.NoError(t, err)
	assert.Equal(t, string(byFlags), string(again))

	longer := train("--model", w.model, "--data", w.data, "--epochs", "6", "--schedule", "constant", "--nesterov=false")
	assert.NotEqual(t, want, longer)
	text, err := os.ReadFile(filepath.Join(w.out, "recipe.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(text), "train:\n  epochs: 6\n  batch: 8\n  optimizer: sgd\n  momentum: 0.5\n  nesterov: false\n  lr: 0.05\n  label_smoothing: 0.1\n  schedule: constant\n")
	assert.Equal(t, longer, train("--model", filepath.Join(w.out, "recipe.yaml")))

	train("--model", w.model, "--data", w.data, "--epochs", "4", "--schedule", "constant", "--nesterov=false")
	w.withRecipe(t, "train: {epochs: 9, batch: 3, seed: 4}\n")
	succeed(t, "train", "--resume", w.out, "--model", w.model, "--epochs", "6")
	assert.Equal(t, longer, w.weights(t))

	// Another optimizer does not take the settings of the file's.
	w.withRecipe(t, tinyRecipe)
	train("--model", w.model, "--data", w.data, "--optimizer", "adam")
	text, err = os.ReadFile(filepath.Join(w.out, "recipe.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(text), "  optimizer: adam\n  label_smoothing: 0.1\n")
}

// Every flag of train but those on the run itself is a key of a section, with _ for -.
func TestEveryFlagIsAKey(t *testing.T) {
	samples := map[string]string{"int": "3", "uint64": "3", "uint32": "3", "float64": "0.5", "bool": "true", "string": "word", "number": "1", "numbers": "0.5", "intSlice": "1,2", "stringSlice": "a,b", "duration": "1s", "precision": "fp32"}
	walked := 0
	newTrainCommand().Flags().VisitAll(func(f *pflag.Flag) {
		section := sectionOf(f.Name)
		if section == "" {
			return
		}
		walked++
		sample, known := samples[f.Value.Type()]
		require.True(t, known, "--%s takes a %s: give this test one", f.Name, f.Value.Type())
		w := newTiny(t)
		w.withRecipe(t, section+": {"+recipeKey(f.Name)+": \""+sample+"\"}\n")
		cmd := newTrainCommand()
		_, err := applyRecipe(cmd, w.model)
		require.NoError(t, err, f.Name)
		set := cmd.Flags().Lookup(f.Name)
		assert.True(t, set.Changed, f.Name)
		expected := newTrainCommand().Flags()
		require.NoError(t, expected.Set(f.Name, sample))
		assert.Equal(t, expected.Lookup(f.Name).Value.String(), set.Value.String(), f.Name)
	})
	assert.Greater(t, walked, 20)
	for _, list := range [][]string{dataFlags, outerFlags} {
		for _, name := range list {
			if name != "help" {
				assert.NotNil(t, newTrainCommand().Flags().Lookup(name), "there is no --%s any more", name)
			}
		}
	}
}

func TestRecipeRefusals(t *testing.T) {
	w := newTiny(t)
	for sections, want := range map[string]string{
		"train: {epoch: 3}":                                 ":8:9: train has no epoch; did you mean epochs?",
		"train: {augment: flip}":                            ":8:9: train has no augment; it stands in the section data",
		"data: {batch: 3}":                                  ":8:8: data has no batch; it stands in the section train",
		"train: {resume: run}":                              ":8:9: train has no resume: that is for the command line, as --resume",
		"train:\n  epochs: many":                            ":9:3: epochs is many; give a whole number, such as 5",
		"train: {strict: perhaps}":                          ":8:9: strict is perhaps; give true or false",
		"train: {precision: half}":                          ":8:9: precision is half; choose default, fp32, tf32 or bf16",
		"train: {precision: bf61}":                          ":8:9: precision is bf61; did you mean bf16?",
		"train: {strict: true, precision: bf16}":            ":8:23: --precision bf16: --strict computes with factors in fp32",
		"train: {ema: 2}":                                   ":8:9: --ema: EMA momentum 2; give a number above 0 and below 1",
		"train: {freeze: cnv*}":                             `:8:9: model: freeze "cnv*": no layer with parameters has such a name`,
		"train: {epochs: 0}":                                ":8:9: --epochs 0: give at least 1",
		"train: {label_smoothing: 2}":                       ":8:9: --label-smoothing 2: give a number from 0 to below 1",
		"train: {label_smoothing: 0.1, label-smoothing: 0}": ":8:31: label-smoothing is given twice, first as label_smoothing",
		"train: {optimizer: {sgd: {beta_1: 0.9}}}":          ":8:9: train: optimizer sgd: there is no beta_1; it takes",
		"train: {optimizer: {sgd: {momentun: 0.9}}}":        ":8:27: an optimizer has no momentun; did you mean momentum?",
		"train: {optimizer: {momentum: 0.9}}":               ":8:9: give the optimizer's name in front of its settings, such as sgd: {momentum: 0.9}",
		"train: {optimizer: sdg}":                           `:8:9: train: unknown optimizer "sdg"; did you mean sgd?`,
		"train: {schedule: {one_cycle: {top: 0.4}}}":        ":8:9: train: schedule one_cycle: there is no top; it takes max, start, peak and end",
		"data: {augment: [flipp]}":                          `:8:8: --augment flipp: augment: unknown augmentation "flipp"; did you mean flip?`,
		"data: {augment: [grey]}":                           ":8:8: train: augment: grey needs three colours, the pictures are [12 12 1]",
		"data: {resize: 8x8}":                               ":8:8: --resize 8x8: pictures become what the model takes",
		"train: [epochs]":                                   ":8:8: train is a list of 1; expected fields, such as epochs: 30",
	} {
		w.withRecipe(t, sections+"\n")
		r := runCommand(w.recipeArgs()...)
		assert.NotEqual(t, exitOK, r.code, sections)
		assert.Contains(t, r.stderr, "cnn-gpu: model: "+w.model+want, sections)
	}
	// What the command line overrides is not complained of.
	w.withRecipe(t, "train: {epochs: 0, batch: 8}\n")
	succeed(t, append(w.recipeArgs(), "--epochs", "1")...)
}

// recipeArgs trains with what the model file says.
func (w tiny) recipeArgs() []string {
	return []string{"train", "--model", w.model, "--data", w.data, "--device", "cpu", "--out", w.out}
}

// The recipes of the examples and of the page on recipes are models, and set flags to what train takes.
func TestRecipesOfTheDocs(t *testing.T) {
	files, err := filepath.Glob("../../examples/recipes/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	text, err := os.ReadFile("../../docs/recipes.md")
	require.NoError(t, err)
	for _, b := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllSubmatch(text, -1) {
		path := filepath.Join(t.TempDir(), "page.yaml")
		require.NoError(t, os.WriteFile(path, b[1], 0o666))
		files = append(files, path)
	}
	assert.Greater(t, len(files), 1)
	for _, file := range files {
		settings, err := model.Recipe(file)
		require.NoError(t, err, file)
		assert.NotEmpty(t, settings, file)
		cmd := newTrainCommand()
		cmd.RunE = func(cmd *cobra.Command, _ []string) error {
			_, err := applyRecipe(cmd, file)
			return err
		}
		cmd.SetArgs([]string{})
		require.NoError(t, cmd.Execute(), file)
		r := runCommand("train", "--model", file, "--data", "digits", "--epochs", "1", "--resize", "7x7")
		assert.Contains(t, r.stderr, "--resize 7x7: pictures become what the model takes", file)
		assert.False(t, strings.Contains(r.stderr, file), r.stderr)
	}
}
