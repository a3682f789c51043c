package main

import (
	"bytes"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wait is how long something may take on a busy machine, and poll how often it is looked at.
const wait, poll = 5 * time.Minute, 5 * time.Millisecond

// training is a `train` in a process of its own.
type training struct {
	cmd            *exec.Cmd
	stdout, stderr shared
}

// shared is a buffer that a process fills while a test reads it.
type shared struct {
	mutex sync.Mutex
	b     bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.b.String()
}

// command is the command itself as a process, which a shell may have prepared: script ends in `exec "$@"`.
func command(script string, args ...string) *exec.Cmd {
	line := append([]string{"-c", script, "sh", os.Args[0]}, args...)
	cmd := exec.Command("sh", line...)
	cmd.Env = append(os.Environ(), asCommand+"=1", "CNN_GPU_LIBCUDA=/nowhere/libcuda.so.1")
	return cmd
}

// startTraining starts a training that lasts until something ends it, and waits until it trains.
func startTraining(t *testing.T, script string, args ...string) *training {
	t.Helper()
	p := start(t, command(script, args...))
	p.until(t, "Epoch 3/")
	return p
}

// start starts a training's process.
func start(t *testing.T, cmd *exec.Cmd) *training {
	t.Helper()
	p := &training{cmd: cmd}
	if cmd.Stdout == nil {
		cmd.Stdout = &p.stdout
	}
	cmd.Stderr = &p.stderr
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	return p
}

// until waits until the process has said something.
func (p *training) until(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return bytes.Contains([]byte(p.stdout.String()+p.stderr.String()), []byte(text)) },
		wait, poll, "%q is not said; it says %s", text, &p.stderr)
}

func (p *training) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(s))
}

// end waits for the end and gives the exit code, -1 for a process that a signal ended.
func (p *training) end(t *testing.T) int {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		_ = p.cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(wait):
		require.FailNow(t, "the process does not end", "it says %s", &p.stderr)
	}
	return p.cmd.ProcessState.ExitCode()
}

// long is a training that does not end by itself.
func (w tiny) long(args ...string) []string {
	return append([]string{"train", "--model", w.model, "--data", w.data, "--epochs", "1000000", "--batch", "4", "--lr", "0.01", "--out", w.out}, args...)
}
