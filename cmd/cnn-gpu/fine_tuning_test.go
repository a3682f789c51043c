package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
	"cnn-gpu/model/safetensors"
	"cnn-gpu/train/run"
)

// newCrosses adds a set to the bars that is like them but has three classes: bars that lie (0), stand (1) or cross (2).
func newCrosses(t *testing.T, w tiny) tiny {
	t.Helper()
	w.data = filepath.Join(filepath.Dir(w.data), "crosses")
	w.out += "-crosses"
	require.NoError(t, os.Mkdir(w.data, 0o777))
	for half, count := range map[string]int{"train": 48, "t10k": 21} {
		pixels := binary.BigEndian.AppendUint32(nil, 0x803)
		for _, extent := range []int{count, 12, 12} {
			pixels = binary.BigEndian.AppendUint32(pixels, uint32(extent))
		}
		labels := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 0x801), uint32(count))
		for i := range count {
			img, other := bar(i%3 == 1, 2+i%8), bar(true, 2+i%7)
			for at := range img.Pix {
				if i%3 == 2 {
					img.Pix[at] |= other.Pix[at]
				}
			}
			pixels, labels = append(pixels, img.Pix...), append(labels, byte(i%3))
		}
		require.NoError(t, os.WriteFile(filepath.Join(w.data, half+"-images-idx3-ubyte"), pixels, 0o666))
		require.NoError(t, os.WriteFile(filepath.Join(w.data, half+"-labels-idx1-ubyte"), labels, 0o666))
	}
	return w
}

// parameter is a parameter of the weights in a folder or a file.
func parameter(t *testing.T, path, name string) []float32 {
	t.Helper()
	saved, err := run.Load(path)
	require.NoError(t, err)
	values, err := saved.Weights.Values(name)
	require.NoError(t, err)
	return values
}

// Fine-tuning in one command: another set with other classes, its convolutions frozen and its last layer new.
func TestFineTuning(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	best := filepath.Join(w.out, "weights-best.safetensors")
	fine := newCrosses(t, w)
	args := []string{"train", "--from", w.out, "--data", fine.data, "--freeze", "conv*", "--epochs", "6", "--batch", "4", "--lr", "0.01", "--out", fine.out}
	r := succeed(t, args...)
	assert.Contains(t, r.stderr, "The classes are others than those of the weights, so the last layer is new, with 3 units; --head keep keeps it.\n"+
		"Frozen: conv2d. Of 343 parameters 303 are trained.\n"+
		"Weights: those of "+best+", after epoch 4: taken conv2d; drawn anew dense.\n"+
		"Model: tiny, 343 parameters.")
	assert.Equal(t, parameter(t, best, "conv2d/kernel"), parameter(t, fine.out, "conv2d/kernel"))
	assert.Contains(t, succeed(t, "summary", fine.out).stdout, "Non-trainable params: 40 (")
	saved, err := run.Load(fine.out)
	require.NoError(t, err)
	assert.Equal(t, []string{"0", "1", "2"}, saved.Classes)
	record, err := os.ReadFile(filepath.Join(fine.out, "run.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(record), "  model: tiny\n  from: "+best+"\n  head: \"3\"\n  freeze: conv*\n")
	assert.Contains(t, succeed(t, "verify", fine.out).stdout, "are the same, bit for bit")
	assert.Contains(t, succeed(t, "eval", fine.out).stdout, "21 test images of ")

	// A run that goes on has the bits of one that did not stop, and needs the weights that it began with no more.
	want := fine.weights(t)
	fine.out += "-2"
	succeed(t, append(args, "--epochs", "3", "--out", fine.out)...)
	const gone = " are gone or others now: only with them can it be trained anew"
	require.NoError(t, os.Rename(filepath.Join(fine.out, "weights.safetensors"), best))
	assert.Contains(t, runCommand("verify", fine.out+"/weights-best.safetensors").stderr, best+","+gone)
	require.NoError(t, os.RemoveAll(w.out))
	succeed(t, "train", "--resume", fine.out, "--epochs", "6", "--from", w.out, "--freeze", "conv*", "--head", "new", "--batch", "4")
	assert.Equal(t, want, fine.weights(t))
	r = runCommand("train", "--resume", fine.out, "--epochs", "7", "--freeze", "dense", "--head", "4", "--model", w.model, "--from", fine.out, "--partial")
	assert.Contains(t, r.stderr, "leave out --model "+w.model+" (the run has tiny with --head 3), --from "+fine.out+" (the run has "+best+
		"), --head 4 (the run has 3), --partial true (the run has false), --freeze dense (the run has conv*)")
	r = runCommand("verify", fine.out)
	assert.Contains(t, r.stderr, "run: the weights that the run began with, "+best+","+gone)

	// What is frozen stays so in a run that begins with it, unless it is told otherwise.
	again := fine.out + "-3"
	r = succeed(t, "train", "--from", fine.out, "--data", fine.data, "--epochs", "1", "--out", again)
	assert.Contains(t, r.stderr, "Frozen: conv2d.")
	assert.Contains(t, r.stderr, ": taken conv2d and dense.\n")
	r = succeed(t, "train", "--from", fine.out, "--data", fine.data, "--epochs", "1", "--freeze", "none", "--out", again+"-4")
	assert.NotContains(t, r.stderr, "Frozen")
	assert.NotEqual(t, parameter(t, fine.out, "conv2d/kernel"), parameter(t, again+"-4", "conv2d/kernel"))
}

// Weights of another model are refused with both shapes and the ways out, or taken in part.
func TestFromOtherWeights(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	dir := filepath.Dir(w.model)
	other := filepath.Join(dir, "other.yaml")
	require.NoError(t, os.WriteFile(other, []byte("{name: other, input: [12, 12, 1], layers: [Conv2D: {filters: 4, kernel_size: 3, activation: relu}, Flatten, Dense: {units: 2, activation: softmax}]}"), 0o666))
	train := func(args ...string) result {
		return runCommand(append([]string{"train", "--data", w.data, "--epochs", "1"}, args...)...)
	}
	best := filepath.Join(w.out, "weights-best.safetensors")
	r := train("--from", w.out, "--model", other, "--out", filepath.Join(dir, "a"))
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "run: model: "+best+" holds other weights than those of the model:\n"+
		"  dense/kernel: [400 2] in the model, [100 2] in the file\n"+
		"Leave --model out to take the weights' own model, replace the last layer by --head new, or take what is the same by --partial\n")
	r = train("--from", w.out, "--model", other, "--partial", "--out", filepath.Join(dir, "b"))
	assert.Contains(t, r.stderr, ": taken conv2d and dense; drawn anew dense.\n")
	r = train("--from", w.out, "--model", other, "--head", "new", "--out", filepath.Join(dir, "c"))
	assert.Contains(t, r.stderr, ": taken conv2d; drawn anew dense.\n")

	// Other programs' files hold no model.
	loaded, err := run.Load(w.out)
	require.NoError(t, err)
	plain := &safetensors.File{}
	for p, values := range loaded.Weights.All() {
		plain.Tensors = append(plain.Tensors, safetensors.Tensor{Name: p.Name, DType: safetensors.F32, Shape: p.Shape, Float32: values})
	}
	file := filepath.Join(dir, "plain.safetensors")
	require.NoError(t, safetensors.Write(file, plain))
	r = train("--from", file)
	assert.Contains(t, r.stderr, "run: "+file+" holds weights but no model: name theirs by --model")
	r = train("--from", file, "--model", w.model, "--out", filepath.Join(dir, "d"))
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stderr, "Weights: those of "+file+": taken conv2d and dense.\n")
}

func TestFineTuningRefuses(t *testing.T) {
	w := newTiny(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--head", "0"}, `--head "0": give a number of classes from 1 on, new (one unit for each class of the data) or keep`},
		{[]string{"--head", "other"}, `--head "other": give a number`},
		{[]string{"--partial"}, "--partial takes what fits of the weights of another run: it needs --from"},
		{[]string{"--from", ""}, `--from "": give a value, or leave the flag out`},
		{[]string{"--from", w.data}, "holds no run"},
		{[]string{"--from", w.out}, "file does not exist; give the folder that train made, or a weights file"},
		{[]string{"--freeze", "cnv*"}, `freeze "cnv*": no layer with parameters has such a name; there are conv2d and dense`},
		{[]string{"--freeze", "*"}, "train: all layers with parameters are frozen"},
		{[]string{"--head", "1"}, "has 2 classes, the model's last layer has 1 units"},
	} {
		r := runCommand(append(w.trainArgs(), c.args...)...)
		assert.NotZero(t, r.code)
		assert.Contains(t, r.stderr, c.want)
		assert.NoDirExists(t, w.out)
	}
}

// A file's `trainable: false` and the flag do the same.
func TestFreezeInTheModelFile(t *testing.T) {
	w := newTiny(t)
	w.train(t, "--freeze", "conv2d")
	want := w.weights(t)
	m, err := model.ReadFile(w.model)
	require.NoError(t, err)
	m, err = m.Freeze("conv2d")
	require.NoError(t, err)
	w.model += "-frozen.yaml"
	require.NoError(t, os.WriteFile(w.model, m.YAML(), 0o666))
	w.out += "-2"
	w.train(t)
	assert.Equal(t, want, w.weights(t))
}

// Averages of the weights are what a run measures and saves; it goes on to the bits of one that did not stop.
func TestAveragedWeights(t *testing.T) {
	w := newTiny(t)
	ema := []string{"--ema", "0.9", "--ema-overwrite", "5"}
	w.train(t, append(ema, "--epochs", "6")...)
	want := w.weights(t)
	assert.Contains(t, succeed(t, "verify", w.out).stdout, "are the same, bit for bit")
	record, err := os.ReadFile(filepath.Join(w.out, "run.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(record), "  ema:\n    momentum: 0.9\n    overwrite: 5\n")
	w.out += "-2"
	w.train(t, ema...)
	r := runCommand("train", "--resume", w.out, "--epochs", "6", "--ema", "0.5", "--ema-overwrite", "6")
	assert.Contains(t, r.stderr, "leave out --ema 0.5 (the run has 0.9), --ema-overwrite 6 (the run has 5)")
	succeed(t, append([]string{"train", "--resume", w.out, "--epochs", "6"}, ema...)...)
	assert.Equal(t, want, w.weights(t))
	w.out += "-3"
	w.train(t, "--epochs", "6")
	assert.NotEqual(t, want, w.weights(t))
	for args, want := range map[string]string{
		"--ema 0":           "--ema 0: give a number above 0 and below 1, such as 0.999, or leave the flag out",
		"--ema 1":           "EMA momentum 1; give a number above 0 and below 1",
		"--ema-overwrite 5": "EMA overwrites the weights by averages, of which there are none; give their momentum, such as 0.999",
		"--ema-overwrite 0": "--ema-overwrite 0: give at least 1 step",
	} {
		r := runCommand(append([]string{"train"}, strings.Fields(args)...)...)
		assert.Equal(t, exitUsage, r.code)
		assert.Contains(t, r.stderr, want)
	}
}
