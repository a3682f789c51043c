package main

import (
	"cnn-gpu/train/run"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

var runFiles = []string{
	"checkpoint-best.safetensors", "checkpoint.safetensors", "confusion.csv", "confusion.png", "curves.png", "metrics.csv", "metrics.jsonl", "recipe.yaml", "run.yaml",
	"weights-best.safetensors", "weights.safetensors",
}

// Of trainings that start at once each has a folder of its own, with the whole result.
func TestManyTrainings(t *testing.T) {
	const trainings, atOnce = 72, 12
	w := newTiny(t)
	dir := t.TempDir()
	var all errgroup.Group
	all.SetLimit(atOnce)
	for range trainings {
		all.Go(func() error {
			cmd := command(plain, "train", "--model", w.model, "--data", w.data, "--epochs", "1", "--batch", "8", "--device", "cpu")
			cmd.Dir = dir
			output, err := cmd.CombinedOutput()
			assert.NoError(t, err, "%s", output)
			return err
		})
	}
	require.NoError(t, all.Wait())
	folders, err := os.ReadDir(filepath.Join(dir, "runs"))
	require.NoError(t, err)
	assert.Len(t, folders, trainings)
	var weights []float32
	for _, f := range folders {
		folder := filepath.Join(dir, "runs", f.Name())
		entries, err := os.ReadDir(folder)
		require.NoError(t, err)
		var names []string
		for _, e := range entries {
			if e.Name() != "misclassified.png" {
				names = append(names, e.Name())
			}
		}
		assert.Equal(t, runFiles, names, folder)
		saved, err := run.Load(folder)
		require.NoError(t, err)
		if weights == nil {
			weights = saved.Weights.Padded()
		}
		assert.Equal(t, weights, saved.Weights.Padded(), folder)
	}
}

// One of many trainings into one folder has it, and the others are told who, unless that one has only just taken it.
func TestManyTrainingsIntoOneFolder(t *testing.T) {
	w := newTiny(t)
	codes, said := make([]int, 6), make([]string, 6)
	var all sync.WaitGroup
	for i := range codes {
		all.Go(func() {
			cmd := command(plain, append(w.trainArgs(), "--epochs", "30")...)
			output, _ := cmd.CombinedOutput()
			codes[i], said[i] = cmd.ProcessState.ExitCode(), string(output)
		})
	}
	all.Wait()
	ended := 0
	for i, code := range codes {
		if code == exitOK {
			ended++
			continue
		}
		assert.Equal(t, exitFailure, code)
		assert.Regexp(t, `cnn-gpu: run: .* (is in use by process \d+ on \S+, since |is in use: another process holds |holds a run already)`, said[i])
	}
	assert.Equal(t, 1, ended)
}

func TestAFolderInUse(t *testing.T) {
	w := newTiny(t)
	p := startTraining(t, plain, w.long()...)
	for _, args := range [][]string{w.trainArgs(), {"train", "--resume", w.out}} {
		r := runCommand(args...)
		assert.Equal(t, exitFailure, r.code)
		assert.Regexp(t, `^cnn-gpu: run: `+w.out+` is in use by process \d+ on \S+, since \d{4}-.*; wait until it ends, or give another folder\n$`, r.stderr)
	}
	// The lock of a process that was killed is no more.
	require.NoError(t, p.cmd.Process.Kill())
	p.end(t)
	assert.FileExists(t, filepath.Join(w.out, ".lock"))
	resumed := start(t, command(plain, "train", "--resume", w.out))
	resumed.until(t, "Epoch ")
	assert.Contains(t, runCommand("train", "--resume", w.out).stderr, "is in use by process")
	resumed.signal(t, syscall.SIGTERM)
	resumed.end(t)
	assert.NoFileExists(t, filepath.Join(w.out, ".lock"))
}

// A folder that vanishes is made anew, unless another run has its name now.
func TestAFolderVanishes(t *testing.T) {
	w := newTiny(t)
	p := startTraining(t, plain, w.long()...)
	require.NoError(t, os.Rename(w.out, w.out+"-moved"))
	require.Eventually(t, func() bool { return exists(filepath.Join(w.out, "checkpoint.safetensors")) }, wait, poll, "%s", &p.stderr)
	require.NoError(t, os.Rename(w.out, w.out+"-moved-2"))
	p.signal(t, syscall.SIGTERM)
	assert.Equal(t, 128+int(syscall.SIGTERM), p.end(t), &p.stderr)
	assert.FileExists(t, filepath.Join(w.out, "checkpoint.safetensors"))

	w.out += "-taken"
	p = startTraining(t, plain, w.long()...)
	require.NoError(t, os.Rename(w.out, w.out+"-moved"))
	// A file in the folder's place: nothing can be made there.
	for os.WriteFile(w.out, nil, 0o666) != nil {
		require.NoError(t, os.RemoveAll(w.out))
	}
	p.until(t, "Warning: weights.safetensors could not be saved; the training goes on, and the next save tries again: ")
	p.signal(t, syscall.SIGTERM)
	assert.Equal(t, exitFailure, p.end(t), "nothing is saved")
	assert.Contains(t, p.stderr.String(), "checkpoint.safetensors could not be saved")
	assert.NotContains(t, p.stderr.String(), "The training is saved")
}
