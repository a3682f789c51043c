package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

var runFiles = []string{"checkpoint.safetensors", "confusion.png", "curves.png", "metrics.jsonl", "weights.safetensors"}

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
	var weights []byte
	for _, f := range folders {
		run := filepath.Join(dir, "runs", f.Name())
		entries, err := os.ReadDir(run)
		require.NoError(t, err)
		var names []string
		for _, e := range entries {
			if e.Name() != "misclassified.png" {
				names = append(names, e.Name())
			}
		}
		assert.Equal(t, runFiles, names, run)
		b, err := os.ReadFile(filepath.Join(run, "weights.safetensors"))
		require.NoError(t, err)
		if weights == nil {
			weights = b
		}
		assert.True(t, bytes.Equal(weights, b), "%s has other weights", run)
	}
}

// One of many trainings into one folder has it, and the others are told who.
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
		assert.Regexp(t, `cnn-gpu: run: .* (is in use by process \d+ on \S+, since |holds a run already)`, said[i])
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
	resumed := &training{cmd: command(plain, "train", "--resume", w.out)}
	resumed.cmd.Stderr = &resumed.stderr
	require.NoError(t, resumed.cmd.Start())
	t.Cleanup(func() { _ = resumed.cmd.Process.Kill() })
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

// mounted runs a script in mounts of its own, or skips the test where that is not allowed.
func mounted(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	probe := exec.Command("sh", "-c", "mount -t tmpfs -o size=1m tmpfs "+t.TempDir())
	probe.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Unshareflags: syscall.CLONE_NEWNS}
	if output, err := probe.CombinedOutput(); err != nil {
		t.Skipf("this test may not mount: %v: %s", err, output)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Unshareflags: syscall.CLONE_NEWNS, Setpgid: true}
	return cmd
}

// On a disk that is full for a while the training goes on, and has everything saved in the end; on one that stays full it fails.
func TestAFullDisk(t *testing.T) {
	w := newTiny(t)
	disk := t.TempDir()
	w.out = filepath.Join(disk, "run")
	const full = `mount -t tmpfs -o size=256k tmpfs "$DISK" && touch "$DISK/filler" && (
	while [ ! -f "$DISK/run/weights.safetensors" ]; do sleep 0.01; done
	cat /dev/zero > "$DISK/filler" 2>/dev/null; echo filled >&2
	read line && rm "$DISK/filler" && echo freed >&2 && read line) <&3 & exec "$@"`
	for name, c := range map[string]struct {
		frees bool
		code  int
	}{"for a while": {true, 128 + int(syscall.SIGTERM)}, "to the end": {false, exitFailure}} {
		t.Run(name, func(t *testing.T) {
			p := &training{cmd: mounted(t, command(full, w.long()...))}
			read, write, err := os.Pipe()
			require.NoError(t, err)
			defer write.Close()
			p.cmd.Env = append(p.cmd.Env, "DISK="+disk)
			p.cmd.Stderr, p.cmd.ExtraFiles = &p.stderr, []*os.File{read}
			require.NoError(t, p.cmd.Start())
			require.NoError(t, read.Close())
			t.Cleanup(func() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) })
			p.until(t, "no space left on device")
			assert.Contains(t, p.stderr.String(), "could not be saved; the training goes on, and the next save tries again")
			if c.frees {
				_, err = write.WriteString("free\n")
				require.NoError(t, err)
				p.until(t, "freed")
				last := strings.Count(p.stderr.String(), "Epoch ")
				require.Eventually(t, func() bool { return strings.Count(p.stderr.String(), "Epoch ") > last+3 }, wait, poll)
			}
			p.signal(t, syscall.SIGTERM)
			require.NoError(t, write.Close())
			assert.Equal(t, c.code, p.end(t), &p.stderr)
		})
	}
}

func TestAReadOnlyFolder(t *testing.T) {
	w := newTiny(t)
	disk := t.TempDir()
	w.out = filepath.Join(disk, "run")
	cmd := mounted(t, command(`mount -t tmpfs -o size=256k tmpfs "$DISK" && mount -o remount,ro "$DISK" && exec "$@"`, w.trainArgs()...))
	cmd.Env = append(cmd.Env, "DISK="+disk)
	output, err := cmd.CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(output), "cannot make the run's folder: mkdir "+w.out+": read-only file system; give another one by --out")
	assert.NotContains(t, string(output), "goroutine")

	const later = `mount -t tmpfs -o size=1m tmpfs "$DISK" && (
	while [ ! -f "$DISK/run/weights.safetensors" ]; do sleep 0.01; done
	mount --bind "$DISK/run" "$DISK/run" && mount -o remount,bind,ro "$DISK/run") & exec "$@"`
	p := &training{cmd: mounted(t, command(later, w.long()...))}
	p.cmd.Env = append(p.cmd.Env, "DISK="+disk)
	p.cmd.Stderr = &p.stderr
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) })
	p.until(t, "Warning: weights.safetensors could not be saved")
	p.signal(t, syscall.SIGTERM)
	assert.Equal(t, exitFailure, p.end(t), &p.stderr)
}
