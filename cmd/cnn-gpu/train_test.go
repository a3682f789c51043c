package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train"
)

var epochFields = []string{"accuracy", "device", "epoch", "images_per_second", "loss", "seconds", "val_accuracy", "val_loss"}

func TestTrainPrintsLinesOfJSON(t *testing.T) {
	w := newTiny(t)
	r := w.train(t, "--json")
	lines := strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n")
	require.Len(t, lines, 5)
	var fields map[string]any
	for i, line := range lines[:4] {
		fields = nil
		require.NoError(t, json.Unmarshal([]byte(line), &fields))
		assert.Equal(t, epochFields, slices.Sorted(maps.Keys(fields)))
		assert.EqualValues(t, i+1, fields["epoch"])
		assert.Equal(t, "cpu", fields["device"])
	}
	var last map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[4]), &last))
	assert.Equal(t, true, last["done"])
	assert.Equal(t, w.out, last["out"])
	delete(last, "done")
	delete(last, "out")
	assert.Equal(t, fields, last, "the last line has the facts of the last epoch")
	assert.EqualValues(t, 1, last["val_accuracy"], "lying and standing bars are easy to tell apart")
}

// Where standard output is no terminal it gets the results, and standard error what is said of the run.
func TestTrainTellsPeople(t *testing.T) {
	w := newTiny(t)
	r := w.train(t)
	assert.Regexp(t, `^(Epoch \d/4: loss .*\n){4}Test accuracy [\d.]+% on 20 images\.\n$`, r.stdout)
	assert.NotContains(t, r.stderr, "Epoch")
	assert.Contains(t, r.stderr, "Model: tiny, 242 parameters.")
	assert.Contains(t, r.stderr, "Device, chosen by --device auto: ")
	assert.Regexp(t, `(?m)^Epoch 4/4: loss \d\.\d{4}, accuracy [\d.]+%, val_loss \d\.\d{4}, val_accuracy [\d.]+%, [\d,]+ images/s, \d+\.\d s$`, r.stdout)
	assert.Contains(t, r.stderr, "weights.safetensors")
	assert.NotContains(t, r.stderr, "\r", "there is no bar where there is no terminal")
	for _, name := range []string{"curves.png", "confusion.png"} {
		decodePNG(t, filepath.Join(w.out, name))
	}
	assert.NotContains(t, succeed(t, append(w.trainArgs(), "--out", w.out+"2", "--device", "cpu")...).stderr, "auto")
}

func TestInterruptedTrainingGoesOn(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	whole, err := os.ReadFile(filepath.Join(w.out, "weights.safetensors"))
	require.NoError(t, err)

	w.out += "-interrupted"
	ctx, stop := context.WithCancel(context.Background())
	stop()
	r := runCommandUntil(ctx, w.trainArgs()...)
	assert.Equal(t, exitInterrupted, r.code)
	assert.Contains(t, r.stderr, "cnn-gpu train --resume "+w.out)
	assert.Contains(t, r.stderr, "Interrupted.")

	succeed(t, "train", "--resume", w.out, "--threads", "1")
	resumed, err := os.ReadFile(filepath.Join(w.out, "weights.safetensors"))
	require.NoError(t, err)
	assert.Equal(t, whole, resumed)
}

func TestTrainingThatDiverges(t *testing.T) {
	w := newTiny(t)
	deep := "input: [12, 12, 1]\nlayers:\n  - Flatten\n" + strings.Repeat("  - Dense: {units: 8}\n", 6) + "  - Dense: {units: 2, activation: softmax}\n"
	require.NoError(t, os.WriteFile(w.model, []byte(deep), 0o666))
	r := runCommand(append(w.trainArgs(), "--lr", "1e10", "--json")...)
	assert.Equal(t, exitFailure, r.code)
	assert.Empty(t, r.stdout)
	assert.Contains(t, r.stderr, "not finite")
	assert.Contains(t, r.stderr, "lower learning rate")

	r = runCommand("eval", w.out, "--json") // on the weights before the last step
	assert.Equal(t, exitFailure, r.code)
	assert.Empty(t, r.stdout)
	assert.Contains(t, r.stderr, "the weights are of no use")
}

func TestAnErrorBesideAnInterruptionIsAFailure(t *testing.T) {
	stop := fmt.Errorf("train: %w", context.Canceled)
	assert.True(t, interrupted(stop))
	assert.True(t, interrupted(errors.Join(stop, nil)))
	assert.False(t, interrupted(errors.Join(stop, errors.New("no space left"))))
	assert.False(t, interrupted(errors.New("no space left")))
	assert.False(t, interrupted(nil))
}

func TestProgressBar(t *testing.T) {
	var screen strings.Builder
	r := newReporter(&screen, &screen, 2, 8)
	r.terminal = true
	for batch := range 11 {
		r.progress(train.Progress{
			Epoch: 1, Epochs: 2, Batch: batch, Batches: 10,
			Result: train.Result{Loss: 0.25, Accuracy: 0.875}, ImagesPerSecond: 8,
		})
	}
	assert.Contains(t, screen.String(), "epoch 1/2: loss 0.2500, accuracy 87.50%, 8 images/s, 8s left")
	assert.Contains(t, screen.String(), "testing")
	r.epoch(train.Epoch{Epoch: 1, Training: train.Result{Loss: 0.25, Accuracy: 0.875}, ImagesPerSecond: 1234, Seconds: 1})
	assert.True(t, strings.HasSuffix(screen.String(), "\033[2K\rEpoch 1/2: loss 0.2500, accuracy 87.50%, 1,234 images/s, 1.0 s\n"),
		"the bar makes room for the line: %q", screen.String())
}

func decodePNG(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	_, err = png.Decode(f)
	require.NoError(t, err, path)
}
