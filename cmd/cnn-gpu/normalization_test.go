package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/run"
)

// What a training normalizes by is in its weights and its record, and all that comes later does the same.
func TestTrainNormalized(t *testing.T) {
	w := newAlbum(t)
	train := func(out string, args ...string) result {
		return succeed(t, append([]string{"train", "--model", w.model, "--data", w.data, "--out", out, "--device", "cpu", "--epochs", "3", "--batch", "4", "--lr", "0.01"}, args...)...)
	}
	r := train(w.out, "--standardize")
	assert.Regexp(t, `Normalization: mean 0\.\d+, 0\.\d+, 0\.\d+, standard deviation 0\.\d+, 0\.\d+, 0\.\d+\.\n`, r.stderr)
	saved, err := run.Load(w.out)
	require.NoError(t, err)
	n := saved.Normalization()
	assert.Len(t, n.Std, 3)
	record, err := os.ReadFile(filepath.Join(w.out, "run.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(record), "normalization:")
	assert.Contains(t, string(record), "standardize: true")

	// The numbers, given, do the same.
	given := filepath.Join(t.TempDir(), "given")
	train(given, "--mean", numbers(n.Mean), "--std", numbers(n.Std))
	other, err := run.Load(given)
	require.NoError(t, err)
	assert.Equal(t, saved.Weights.Padded(), other.Weights.Padded())

	// What eval and predict say is what the training's end said.
	assert.Contains(t, r.stdout, "Test accuracy 100.00%")
	assert.Contains(t, succeed(t, "eval", w.out).stdout, "accuracy 100.00%")
	photo := filepath.Join(w.data, "green", "01.png")
	assert.Contains(t, succeed(t, "predict", w.out, photo, "--top", "1").stdout, "%  green\n")
	succeed(t, "verify", w.out)
	p := predictions(t, succeed(t, "predict", w.out, photo, "--json"))
	var maps drawn
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "maps", w.out, photo, "--out", filepath.Join(t.TempDir(), "maps"), "--json").stdout), &maps))
	assert.InDelta(t, p[0].Top[0].Probability, maps.Probability, 1e-5, "maps runs the model on the same values")

	for want, args := range map[string][]string{
		"--mean 0.5 (the run has ":              {"--mean", "0.5"},
		"--standardize false (the run has true": {"--standardize=false"},
	} {
		assert.Contains(t, runCommand(append([]string{"train", "--resume", w.out, "--epochs", "4"}, args...)...).stderr, want)
	}
	succeed(t, "train", "--resume", w.out, "--epochs", "4", "--standardize")
	succeed(t, "verify", w.out)

	for want, args := range map[string][]string{
		"--standardize takes mean and standard deviation from the training images": {"--standardize", "--mean", "0.5"},
		"--mean 0.5;0.5: give numbers with commas":                                 {"--mean", "0.5;0.5"},
		"2 means, images [10 12 3] have 3 channels":                                {"--mean", "0.5,0.5"},
		"a standard deviation of 0: give numbers above 0":                          {"--std", "0"},
	} {
		r := runCommand(append([]string{"train", "--model", w.model, "--data", w.data, "--out", filepath.Join(t.TempDir(), "x")}, args...)...)
		assert.NotZero(t, r.code)
		assert.Contains(t, r.stderr, want)
	}
}
