package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEval(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	people := succeed(t, "eval", w.out)
	assert.Contains(t, people.stdout, "20 test images of "+w.data)
	assert.Contains(t, people.stdout, "accuracy 100.00%")

	r := succeed(t, "eval", filepath.Join(w.out, "weights.safetensors"), "--json", "--batch", "7")
	var e evaluation
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &e))
	assert.Equal(t, 1, strings.Count(r.stdout, "\n"))
	assert.Equal(t, 20, e.Examples)
	assert.Equal(t, 1.0, e.Accuracy)
	assert.Less(t, e.Loss, 0.7)
	assert.EqualValues(t, 1, e.MacroF1)
	one := 1.0
	assert.Equal(t, []classScore{{"0", 10, 10, 10, 1, 1, 1, &one}, {"1", 10, 10, 10, 1, 1, 1, &one}}, e.Classes)
	assert.Equal(t, "cpu", e.Device)
	assert.Regexp(t, `(?m)^0 +│ +10 │ +10 │ +100.00% │ 100.00% │ 1.0000 │ 1.0000$`, people.stdout)
	assert.NotContains(t, people.stdout, "top-5", "of two classes")
}

func TestEvalWritesTables(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	classes, confusion := filepath.Join(t.TempDir(), "classes.csv"), filepath.Join(t.TempDir(), "confusion.csv")
	succeed(t, "eval", w.out, "--csv", classes, "--confusion", confusion)
	read := func(path string) string {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(text)
	}
	assert.Equal(t, "class,examples,correct,predicted,precision,recall,f1,auc\n0,10,10,10,1,1,1,1\n1,10,10,10,1,1,1,1\n", read(classes))
	assert.Equal(t, "label \\ predicted,0,1\n0,10,0\n1,0,10\n", read(confusion))
	assert.Equal(t, read(confusion), read(filepath.Join(w.out, "confusion.csv")), "the run has it already")

	r := runCommand("eval", w.out, "--csv", classes)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, classes+" is there already; give another name with --csv, or write over it with --force")
	succeed(t, "eval", w.out, "--csv", classes, "--force")
	nowhere := filepath.Join(t.TempDir(), "none", "classes.csv")
	assert.Contains(t, runCommand("eval", w.out, "--csv", nowhere).stderr, nowhere)
}

// Until its first epoch has ended a run is what its checkpoint holds, which is said.
func TestRunInterruptedInItsFirstEpoch(t *testing.T) {
	w := newTiny(t)
	w.out += " of mine"
	ctx, stop := context.WithCancel(context.Background())
	stop()
	r := runCommandUntil(ctx, w.trainArgs()...)
	require.Equal(t, exitInterrupted, r.code)
	assert.Contains(t, r.stderr, "Go on with: cnn-gpu train --resume '"+w.out+"'\n")
	require.NoFileExists(t, filepath.Join(w.out, "weights.safetensors"))
	for _, command := range [][]string{{"eval", w.out}, {"predict", w.out, w.picture(t, "bar.png", true)}, {"maps", w.out}} {
		r := succeed(t, command...)
		assert.Contains(t, r.stderr, "The run was interrupted in its first epoch: these are the weights of its checkpoint. Go on with: cnn-gpu train --resume '"+w.out+"'\n")
	}
	assert.Contains(t, succeed(t, "summary", w.out).stdout, "Total params: 242")

	checkpoint := filepath.Join(w.out, "checkpoint.safetensors")
	require.NoError(t, os.Rename(checkpoint, filepath.Join(w.out, "checkpoint-previous.safetensors")))
	require.NoError(t, os.WriteFile(checkpoint, []byte("torn"), 0o666))
	for _, command := range [][]string{{"eval", w.out}, {"summary", w.out}} {
		r := succeed(t, command...)
		assert.Contains(t, r.stderr, checkpoint)
		assert.Contains(t, r.stderr, "\nThe weights are those of checkpoint-previous.safetensors instead.\n")
	}
}

// Weights and data that do not mean the same classes are told apart by their names alone.
func TestClassesThatAreNamedDifferently(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	for _, command := range []string{"eval", "maps"} {
		assert.NotContains(t, succeed(t, command, w.out).stderr, "Warning")
	}
	kana := filepath.Join(t.TempDir(), "kana")
	require.NoError(t, os.Mkdir(kana, 0o777))
	writeBars(t, kana, "train", 48)
	writeBars(t, kana, "t10k", 20)
	require.NoError(t, os.WriteFile(w.model, []byte(strings.Replace(tinyModel, "units: 2", "units: 10", 1)), 0o666))
	w.out += "-kana"
	w.train(t, "--data", "kmnist", "--data-dir", kana)
	assert.NotContains(t, succeed(t, "eval", w.out).stderr, "Warning")
	for _, command := range []string{"eval", "maps"} {
		r := succeed(t, command, w.out, "--data", "mnist", "--data-dir", kana)
		assert.Contains(t, r.stderr, "Warning: the weights and the data name their classes differently")
		assert.Contains(t, r.stderr, `  class 0 is "o" in the weights and "0" in mnist`+"\n")
		assert.Contains(t, r.stderr, "  and so on: 5 more\n")
	}
}
