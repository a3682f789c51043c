package main

import (
	"archive/zip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/run"
)

// writeNPZ writes the bars of a folder of IDX files as NumPy's arrays under the names that it maps those files to, each image in a shape of 144 values.
func writeNPZ(t *testing.T, dir, image string, names map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bars.npz")
	f, err := os.Create(path)
	require.NoError(t, err)
	z := zip.NewWriter(f)
	for file, name := range names {
		b, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		values, shape := b[8:], fmt.Sprintf("(%d,)", len(b)-8)
		if strings.Contains(file, "images") {
			values, shape = b[16:], fmt.Sprintf("(%d, %s)", (len(b)-16)/144, image)
		}
		header := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': %s, }\n", shape)
		w, err := z.Create(name + ".npy")
		require.NoError(t, err)
		_, err = fmt.Fprintf(w, "\x93NUMPY\x01\x00%c\x00%s%s", len(header), header, values)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	return path
}

// What is trained on NumPy's arrays is what is trained on the same values in IDX files, and goes on, is tested and shown alike.
func TestTrainOnNPZ(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	want, err := run.Load(w.out)
	require.NoError(t, err)

	w.data = writeNPZ(t, w.data, "12, 12", map[string]string{
		"train-images-idx3-ubyte": "x_train", "train-labels-idx1-ubyte": "y_train", "t10k-images-idx3-ubyte": "x_test", "t10k-labels-idx1-ubyte": "y_test",
	})
	idx := w.out
	w.out = filepath.Join(t.TempDir(), "npz")
	w.train(t)
	got, err := run.Load(w.out)
	require.NoError(t, err)
	assert.Equal(t, want.Weights.Padded(), got.Weights.Padded())
	assert.Equal(t, want.Preparation, got.Preparation)
	assert.Equal(t, want.Provenance.Data, got.Provenance.Data)

	assert.Equal(t, strings.Split(succeed(t, "eval", idx).stdout, ":")[1], strings.Split(succeed(t, "eval", w.out).stdout, ":")[1])
	succeed(t, "verify", w.out)
	succeed(t, "train", "--resume", w.out, "--epochs", "9")
	succeed(t, "maps", w.out, "--index", "3", "--out", filepath.Join(t.TempDir(), "maps"))
	lies := w.picture(t, "lies.png", false)
	assert.Contains(t, succeed(t, "predict", w.out, lies, "--top", "1").stdout, "%  0\n")
	assert.Regexp(t, `0 +│ +24 +│ +10`, succeed(t, "data", "show", w.data, "--out", filepath.Join(t.TempDir(), "bars.png")).stdout)
	succeed(t, "bench", "--model", w.model, "--data", w.data, "--batch", "4", "--steps", "1", "--ops=false", "--device", "cpu")

	r := runCommand("train", "--model", w.model, "--data", w.data, "--split", "0.5", "--out", filepath.Join(t.TempDir(), "x"))
	assert.Contains(t, r.stderr, "has test images of its own: leave out --split")
	r = runCommand("train", "--model", w.model, "--data", "bars.npz", "--data-dir", filepath.Dir(w.data))
	assert.Contains(t, r.stderr, "bars.npz is a file by itself: leave out --data-dir")
}

// The share of a set in one piece is the run's, whoever opens it.
func TestTrainOnNPZInOnePiece(t *testing.T) {
	w := newTiny(t)
	w.data = writeNPZ(t, w.data, "12, 12", map[string]string{"train-images-idx3-ubyte": "x", "train-labels-idx1-ubyte": "y"})
	succeed(t, "train", "--model", w.model, "--data", w.data, "--out", w.out, "--device", "cpu", "--epochs", "1", "--split", "0.25", "--seed", "7", "--validation", "0.25")
	saved, err := run.Load(w.out)
	require.NoError(t, err)
	assert.Equal(t, 12, saved.Provenance.Data.Test.Examples)
	assert.InDelta(t, 0.25, saved.Provenance.Settings.Split, 0)
	assert.Contains(t, succeed(t, "eval", w.out).stdout, "12 test images")
	succeed(t, "verify", w.out)
	r := runCommand("train", "--resume", w.out, "--epochs", "2", "--split", "0.5")
	assert.Contains(t, r.stderr, "--split 0.5 (the run has 0.25)")
	succeed(t, "train", "--resume", w.out, "--epochs", "2")
}
