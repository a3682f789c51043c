package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
)

// How images are transformed is recorded: a run goes on with it to the same bits on any number of threads, and with no other.
func TestAugment(t *testing.T) {
	w := newTiny(t)
	assert.Contains(t, w.train(t, "--augment", "flip,cutmix:1:1").stdout, "Epoch 4/4: ")
	assert.Contains(t, succeed(t, "verify", w.out).stdout, "are the same, bit for bit")
	w.out += "-1"
	w.train(t, "--augment", "flip,crop:2", "--epochs", "6", "--threads", "2")
	want := w.weights(t)
	w.out += "-2"
	w.train(t, "--augment", "flip,crop:2")
	record, err := os.ReadFile(filepath.Join(w.out, "run.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(record), "  augment: flip,crop:2\n")
	for args, said := range map[string]string{"flip": "--augment flip (the run has flip,crop:2)", "flop": "--augment flop (the run has flip,crop:2)"} {
		r := runCommand("train", "--resume", w.out, "--epochs", "6", "--augment", args)
		assert.Equal(t, exitUsage, r.code)
		assert.Contains(t, r.stderr, said)
	}
	succeed(t, "train", "--resume", w.out, "--epochs", "6", "--threads", "1", "--augment", "flip:0.5,crop:padding=2")
	assert.Equal(t, want, w.weights(t))
	assert.Contains(t, succeed(t, "verify", w.out).stdout, "are the same, bit for bit")
	w.out += "-3"
	w.train(t, "--epochs", "6")
	assert.NotEqual(t, want, w.weights(t))
	r := runCommand("train", "--resume", w.out, "--epochs", "7", "--augment", "flip")
	assert.Contains(t, r.stderr, "--augment flip (the run has none)")
}

// The sheet has the first image of each class, and eight of what the first epochs make of it.
func TestDataShowAugment(t *testing.T) {
	w := newTiny(t)
	out := filepath.Join(t.TempDir(), "bars.png")
	succeed(t, "data", "show", w.data, "--augment", "flip,crop:2", "--out", out)
	decodePNG(t, out)

	set, _, err := data.Open(w.data, data.Options{})
	require.NoError(t, err)
	pipeline, err := augment.Parse("crop:2,mixup:1:1")
	require.NoError(t, err)
	tiles, err := augmentedTiles(set, pipeline, 5)
	require.NoError(t, err)
	require.Len(t, tiles, 2*9)
	for class, first := range []int{0, 1} { // the labels are 0 and 1 in turn
		row := tiles[9*class:][:9]
		assert.Equal(t, set.Classes()[class], row[0].Heading)
		want := make([]float32, 12*12)
		_, err := set.Example(first, want)
		require.NoError(t, err)
		assert.Equal(t, want, row[0].Pixels)
		_, err = pipeline.Example(set, set.Shape(), 5, 7, first, want)
		require.NoError(t, err)
		assert.Equal(t, want, row[8].Pixels)
	}
}
