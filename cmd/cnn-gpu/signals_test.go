package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const plain = `exec "$@"`

func TestSignalsSave(t *testing.T) {
	for name, s := range map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTiny(t)
			p := startTraining(t, plain, w.long()...)
			p.signal(t, s)
			assert.Equal(t, 128+int(s), p.end(t), &p.stderr)
			assert.Contains(t, p.stderr.String(), "The training is saved. Go on with: cnn-gpu train --resume "+w.out)
			assert.FileExists(t, filepath.Join(w.out, "checkpoint.safetensors"))
			assert.NoFileExists(t, filepath.Join(w.out, ".lock"))
		})
	}
}

// What is ignored when the process starts stays ignored, as nohup asks for.
func TestIgnoredSignals(t *testing.T) {
	w := newTiny(t)
	p := startTraining(t, `trap "" HUP INT USR1; exec "$@"`, w.long()...)
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGUSR1} {
		p.signal(t, s)
	}
	before := len(p.stdout.String())
	require.Eventually(t, func() bool { return len(p.stdout.String()) > before+500 }, wait, poll, "it goes on")
	assert.NotContains(t, p.stderr.String(), "Stopping")
	p.signal(t, syscall.SIGTERM)
	assert.Equal(t, 128+int(syscall.SIGTERM), p.end(t))
}

func TestUSR1SavesAndGoesOn(t *testing.T) {
	w := newTiny(t)
	// An epoch so long that nothing but the signal saves.
	writeBars(t, w.data, "train", 200_000)
	p := start(t, command(plain, w.long("--log-format", "json")...))
	p.until(t, `"msg":"start"`)
	p.signal(t, syscall.SIGUSR1)
	p.until(t, `"msg":"checkpoint"`)
	assert.NotContains(t, p.stderr.String(), `"msg":"epoch"`)
	assert.FileExists(t, filepath.Join(w.out, "checkpoint.safetensors"))
	require.NoError(t, os.Remove(filepath.Join(w.out, "checkpoint.safetensors")))
	p.signal(t, syscall.SIGUSR1)
	require.Eventually(t, func() bool { return exists(filepath.Join(w.out, "checkpoint.safetensors")) }, wait, poll, "it goes on")
	p.signal(t, syscall.SIGTERM)
	assert.Equal(t, 128+int(syscall.SIGTERM), p.end(t), &p.stderr)
}

// Whoever reads the output may go: the training goes on, and says at its end that not all of it was read.
func TestABrokenPipeEndsNoTraining(t *testing.T) {
	w := newTiny(t)
	read, write, err := os.Pipe()
	require.NoError(t, err)
	cmd := command(plain, append(w.trainArgs(), "--json")...)
	cmd.Stdout = write
	require.NoError(t, read.Close())
	p := start(t, cmd)
	require.NoError(t, write.Close())
	assert.Equal(t, exitFailure, p.end(t))
	assert.Contains(t, p.stderr.String(), "broken pipe")
	assert.Contains(t, p.stderr.String(), "Epoch 4/4")
	assert.FileExists(t, filepath.Join(w.out, "weights.safetensors"))
}

func TestASecondINTStopsAtOnce(t *testing.T) {
	w := newTiny(t)
	// A step that takes long: the first signal waits for its end.
	w.model = filepath.Join(t.TempDir(), "slow.yaml")
	require.NoError(t, os.WriteFile(w.model, []byte(`name: slow
input: [12, 12, 1]
layers:
  - Conv2D: {filters: 512, kernel_size: 3, padding: same}
  - Conv2D: {filters: 512, kernel_size: 3, padding: same}
  - Flatten
  - Dense: {units: 2, activation: softmax}
`), 0o666))
	writeBars(t, w.data, "train", 2000)
	p := start(t, command(plain, w.long("--batch", "500")...))
	p.until(t, "Device")
	p.signal(t, syscall.SIGTERM)
	p.until(t, "Stopping (terminated); press Ctrl-C again to quit at once.")
	p.signal(t, syscall.SIGINT)
	p.end(t)
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	assert.True(t, status.Signaled() && status.Signal() == syscall.SIGINT || status.ExitStatus() == 2, "%v: %s", status, &p.stderr)
	assert.NotContains(t, p.stderr.String(), "Interrupted.")
}
