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
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train"
	"cnn-gpu/train/run"
)

var epochFields = []string{"accuracy", "device", "epoch", "images_per_second", "loss", "seconds", "test_accuracy", "test_loss"}

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
	assert.EqualValues(t, 1, last["test_accuracy"], "lying and standing bars are easy to tell apart")
}

// Where standard output is no terminal it gets the results, and standard error what is said of the run.
func TestTrainTellsPeople(t *testing.T) {
	w := newTiny(t)
	r := w.train(t)
	assert.Regexp(t, `^(Epoch \d/4: loss .*\n){4}Test accuracy [\d.]+% on 20 images\.\n$`, r.stdout)
	assert.NotContains(t, r.stderr, "Epoch")
	assert.Contains(t, r.stderr, "Model: tiny, 242 parameters.")
	assert.Contains(t, r.stderr, "Device, chosen by --device auto: ")
	assert.Regexp(t, `(?m)^Epoch 4/4: loss \d\.\d{4}, accuracy [\d.]+%, test_loss \d\.\d{4}, test_accuracy [\d.]+%, [\d,]+ images/s, \d+\.\d s$`, r.stdout)
	assert.Contains(t, r.stderr, "weights.safetensors")
	assert.NotContains(t, r.stderr, "\r", "there is no bar where there is no terminal")
	for _, name := range []string{"curves.png", "confusion.png"} {
		decodePNG(t, filepath.Join(w.out, name))
	}
	assert.NotContains(t, succeed(t, append(w.trainArgs(), "--out", w.out+"2", "--device", "cpu")...).stderr, "auto")
}

// With validation images, val_ is theirs and the test images are used once, at the end.
func TestTrainWithValidation(t *testing.T) {
	w := newTiny(t)
	r := w.train(t, "--json", "--validation", "0.25")
	assert.Contains(t, r.stderr, "Training images: 36, and 12 others for validation.\n")
	assert.Regexp(t, `(?m)^Epoch 4/4: loss [\d.]+, accuracy [\d.]+%, val_loss [\d.]+, val_accuracy [\d.]+%, `, r.stderr)
	assert.NotContains(t, r.stderr, "test_")
	assert.Contains(t, r.stderr, "on 20 images.")
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	for i, line := range lines {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields))
		assert.Contains(t, fields, "val_loss")
		assert.Contains(t, fields, "val_accuracy")
		assert.Equal(t, i == len(lines)-1, fields["test_loss"] != nil, line)
		assert.Equal(t, i == len(lines)-1, fields["test_accuracy"] != nil, line)
	}
	metrics, err := os.ReadFile(filepath.Join(w.out, "metrics.jsonl"))
	require.NoError(t, err)
	assert.NotContains(t, string(metrics), "test_")
	assert.Equal(t, 4, strings.Count(string(metrics), `"val_accuracy":`))

	writeBars(t, w.data, "val", 10)
	labels := filepath.Join(w.data, "val-labels-idx1-ubyte")
	b, err := os.ReadFile(labels)
	require.NoError(t, err)
	for i := len(b) - 10; i < len(b); i++ {
		b[i] = 1 - b[i] // all wrong
	}
	require.NoError(t, os.WriteFile(labels, b, 0o666))
	r = runCommand(append(w.trainArgs(), "--out", w.out+"-own", "--validation", "0.25")...)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "validation images of its own: leave out --validation")
	r = w.train(t, "--out", w.out+"-own")
	assert.Contains(t, r.stderr, "Training images: 48, and 10 others for validation.\n")
	assert.Regexp(t, `(?m)^Epoch 4/4: .*, val_accuracy 0.00%`, r.stdout)
	assert.Contains(t, r.stdout, "Test accuracy 100.00% on 20 images.")
}

// An interrupted run with validation has the same images set apart when it goes on.
func TestInterruptedTrainingKeepsItsValidation(t *testing.T) {
	w := newTiny(t)
	w.train(t, "--validation", "0.25")
	whole := w.weights(t)
	w.out += "-interrupted"
	ctx, stop := context.WithCancel(context.Background())
	stop()
	assert.Equal(t, exitInterrupted, runCommandUntil(ctx, append(w.trainArgs(), "--validation", "0.25")...).code)
	assert.Contains(t, succeed(t, "train", "--resume", w.out).stderr, "and 12 others for validation")
	assert.Equal(t, whole, w.weights(t))
}

func TestTrainOnFewerImagesThanABatch(t *testing.T) {
	w := newTiny(t)
	r := w.train(t, "--batch", "1000", "--epochs", "1", "--profile")
	assert.Contains(t, r.stderr, "The batch is 48, not 1,000: there are no more training images.\n")
	assert.NotContains(t, succeed(t, "train", "--resume", w.out).stderr, "The batch is")
	w.out += "-2"
	assert.NotContains(t, w.train(t, "--batch", "48").stderr, "The batch is")
}

// A run knows its data's folder from anywhere.
func TestTheRunsDataFolderIsAbsolute(t *testing.T) {
	w := newTiny(t)
	t.Chdir(filepath.Dir(w.data))
	absolute := w.data
	w.data = "bars"
	w.train(t)
	t.Chdir(t.TempDir())
	assert.Contains(t, succeed(t, "eval", w.out).stdout, absolute)

	t.Chdir(absolute)
	w.data, w.out = ".", ""
	args := slices.DeleteFunc(w.trainArgs(), func(arg string) bool { return arg == "--out" || arg == "" })
	assert.Contains(t, succeed(t, args...).stderr, "runs/tiny-bars")
}

func TestInterruptedTrainingGoesOn(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	whole := w.weights(t)

	w.out += "-interrupted"
	ctx, stop := context.WithCancel(context.Background())
	stop()
	r := runCommandUntil(ctx, w.trainArgs()...)
	assert.Equal(t, exitInterrupted, r.code)
	assert.Contains(t, r.stderr, "cnn-gpu train --resume "+w.out)
	assert.Contains(t, r.stderr, "Interrupted.")

	succeed(t, "train", "--resume", w.out, "--threads", "1")
	assert.Equal(t, whole, w.weights(t))
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

	assert.Contains(t, r.stderr, "no epoch was complete, so no weights were saved")
	assert.NoDirExists(t, w.out)
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
	r := newReporter(&screen, &screen, 2, 8, "test")
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

func TestLabelSmoothing(t *testing.T) {
	w := newTiny(t)
	r := w.train(t, "--label-smoothing", "0.4", "--json")
	var last run.Record
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-2]), &last))
	assert.Greater(t, *last.TestLoss, 0.5, "no answer has a loss below −0.8·log 0.8 − 0.2·log 0.2")
	var e evaluation
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "eval", w.out, "--json").stdout), &e))
	assert.InDelta(t, *last.TestLoss, e.Loss, 1e-6, "evaluation has the loss of the training")
	record, err := os.ReadFile(filepath.Join(w.out, "run.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(record), "  label_smoothing: 0.4\n")

	r = runCommand("train", "--resume", w.out, "--epochs", "6", "--label-smoothing", "0.1")
	assert.Equal(t, exitUsage, r.code)
	assert.Contains(t, r.stderr, "leave out --label-smoothing 0.1 (the run has 0.4)")
	succeed(t, "train", "--resume", w.out, "--epochs", "5", "--label-smoothing", "0.4")
	const wanted = "give a number from 0 to below 1, such as 0.1"
	for wrong, want := range map[string]string{"1": wanted, "-0.1": wanted, "NaN": wanted, "0.99999999999": wanted, "1e-60": "LabelSmoothing 1e-60 is 0 in float32"} {
		r := runCommand("train", "--label-smoothing", wrong)
		assert.Equal(t, exitUsage, r.code, wrong)
		assert.Contains(t, r.stderr, want)
	}
}

func TestLoss(t *testing.T) {
	w := newTiny(t)
	r := w.train(t, "--loss", "focal,gamma=1", "--label-smoothing", "0.1", "--json")
	var last run.Record
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-2]), &last))
	var e evaluation
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "eval", w.out, "--json").stdout), &e))
	assert.InDelta(t, *last.TestLoss, e.Loss, 1e-6, "evaluation has the loss of the training")
	record, err := os.ReadFile(filepath.Join(w.out, "run.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(record), "  loss: focal,gamma=1\n  label_smoothing: 0.1\n")

	r = runCommand("train", "--resume", w.out, "--epochs", "6", "--loss", "mse")
	assert.Equal(t, exitUsage, r.code)
	assert.Contains(t, r.stderr, "leave out --loss mse (the run has focal,gamma=1)")
	succeed(t, "train", "--resume", w.out, "--epochs", "5", "--loss", "focal,gamma=1")
	assert.Contains(t, succeed(t, "verify", w.out).stdout, "same")
	for flags, want := range map[string]string{
		"--loss focl":                       `unknown loss "focl"; did you mean focal?`,
		"--loss huber,delta=-1":             "loss huber: delta -1; give a number above 0",
		"--loss mse --label-smoothing 0.1":  "loss mse: there is no label_smoothing; it takes no settings",
		"--loss focal,gamma=1,gamma=1":      "give each setting once",
		"--loss kl_divergence --epochs 100": "kl_divergence is a loss of Keras that cnn-gpu does not have",
	} {
		r := runCommand(append([]string{"train"}, strings.Fields(flags)...)...)
		assert.Equal(t, exitUsage, r.code, flags)
		assert.Contains(t, r.stderr, want)
	}
	r = runCommand(append(w.trainArgs(), "--loss", "binary_crossentropy")...)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "does not end with a sigmoid; write activation: sigmoid into its last layer")
}

// Who reads a log of a long epoch must not think that the training hangs.
func TestProgressInALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		r := newReporter(&log, &log, 2, 8, "test")
		for epoch := 1; epoch <= 2; epoch++ {
			for batch := 1; batch <= 7; batch++ {
				time.Sleep(10 * time.Second)
				r.progress(train.Progress{Epoch: epoch, Epochs: 2, Batch: batch, Batches: 7, Result: train.Result{Loss: 0.25, Accuracy: 0.875}, ImagesPerSecond: 0.8})
			}
			r.epoch(train.Epoch{Epoch: epoch, Training: train.Result{Loss: 0.25, Accuracy: 0.875}, ImagesPerSecond: 0.8, Seconds: 70})
		}
		epoch := "Epoch %[1]d/2, step 3/7: loss 0.2500, accuracy 87.50%%, 1 images/s, 41s left\n" +
			"Epoch %[1]d/2, step 6/7: loss 0.2500, accuracy 87.50%%, 1 images/s, 11s left\n" +
			"Epoch %[1]d/2: loss 0.2500, accuracy 87.50%%, 1 images/s, 70.0 s\n"
		assert.Equal(t, fmt.Sprintf(epoch, 1)+fmt.Sprintf(epoch, 2), log.String())
	})
}

func decodePNG(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	_, err = png.Decode(f)
	require.NoError(t, err, path)
}

// Alone the flag writes into the run's folder; with one it writes there, and with false no more.
func TestTensorBoardFlag(t *testing.T) {
	w := newTiny(t)
	r := w.train(t, "--tensorboard")
	assert.Contains(t, r.stderr, "TensorBoard: tensorboard --logdir "+filepath.Join(w.out, "tensorboard")+"\n")
	assert.DirExists(t, filepath.Join(w.out, "tensorboard", "train"))
	assert.Contains(t, r.stderr, "run.yaml, tensorboard, ")

	elsewhere := filepath.Join(t.TempDir(), "events")
	w.out += "-2"
	r = w.train(t, "--tensorboard="+elsewhere)
	assert.Contains(t, r.stderr, "tensorboard --logdir "+elsewhere+"\n")
	assert.DirExists(t, filepath.Join(elsewhere, "test"))
	assert.NoDirExists(t, filepath.Join(w.out, "tensorboard"))
	assert.Contains(t, succeed(t, "train", "--resume", w.out).stderr, elsewhere, "it goes on")
	assert.NotContains(t, succeed(t, "train", "--resume", w.out, "--tensorboard=false").stderr, "--logdir")

	empty := runCommand(append(w.trainArgs(), "--tensorboard=")...)
	assert.Equal(t, exitUsage, empty.code)
	assert.Contains(t, empty.stderr, `--tensorboard "": give it alone, or with a folder, as --tensorboard=DIR`)

	w.out += "-3"
	again := runCommand(append(w.trainArgs(), "--tensorboard="+elsewhere)...)
	assert.Equal(t, exitFailure, again.code)
	assert.Contains(t, again.stderr, "holds the events of another run; give another folder")
	assert.NoDirExists(t, w.out)
}
