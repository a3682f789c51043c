package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/data"
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

	// Images of another shape than the model's are refused as that, whatever is done to them.
	bars := newTiny(t)
	coloured := writeNPZ(t, bars.data, "12, 4, 3", map[string]string{"train-images-idx3-ubyte": "x", "train-labels-idx1-ubyte": "y"})
	r = runCommand("train", "--model", bars.model, "--data", coloured, "--standardize", "--out", filepath.Join(t.TempDir(), "x"))
	assert.Contains(t, r.stderr, "has images [12 4 3], the model takes [12 12 1]")
}

// What weights that a run begins with were trained on is how its images are normalized, unless it says otherwise.
func TestFromNormalized(t *testing.T) {
	w := newAlbum(t)
	args := func(out string, more ...string) []string {
		return append([]string{"train", "--data", w.data, "--out", out, "--device", "cpu", "--epochs", "1", "--batch", "4"}, more...)
	}
	normalization := func(out string) data.Normalization {
		saved, err := run.Load(out)
		require.NoError(t, err)
		return saved.Normalization()
	}
	succeed(t, args(w.out, "--model", w.model, "--standardize")...)
	want := normalization(w.out)

	t.Chdir(filepath.Dir(w.out))
	next := w.out + "-next"
	r := succeed(t, args(next, "--from", filepath.Base(w.out))...)
	assert.Contains(t, r.stderr, "Images are normalized as those that the weights were trained on; --mean 0 leaves them as they are.\n")
	assert.Contains(t, r.stderr, "Normalization: "+want.String()+".\n")
	assert.NotContains(t, r.stderr, "otherwise")
	assert.Equal(t, want, normalization(next))
	succeed(t, "verify", next)

	// The recipe that a run writes finds the weights from any folder.
	t.Chdir(t.TempDir())
	again := w.out + "-again"
	assert.Contains(t, succeed(t, args(again, "--model", filepath.Join(next, "recipe.yaml"))...).stderr, "Images are normalized as")
	assert.Equal(t, tiny{out: next}.weights(t), tiny{out: again}.weights(t))

	for i, more := range [][]string{{"--mean", "0"}, {"--standardize", "--validation", "0.5"}} {
		out := w.out + strconv.Itoa(i)
		r = succeed(t, args(out, append([]string{"--from", w.out}, more...)...)...)
		now := normalization(out)
		assert.NotEqual(t, want, now)
		assert.Contains(t, r.stderr, "The images that the weights were trained on were normalized otherwise than these are: "+want.String()+" then, "+now.String()+" now.\n")
	}
}
