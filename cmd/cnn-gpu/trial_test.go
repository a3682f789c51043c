package main

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A trial that hangs, crashes or says nothing of use is told as that, and ends in time.
func TestTrialsThatGoWrong(t *testing.T) {
	script := func(text string) func(context.Context, ...string) (*exec.Cmd, error) {
		return func(ctx context.Context, args ...string) (*exec.Cmd, error) {
			return exec.CommandContext(ctx, "sh", append([]string{"-c", text, "sh"}, args...)...), nil
		}
	}
	for text, want := range map[string]string{
		"exec sleep 600":                  "no answer within 200ms, so the card or its driver hangs; `dmesg | grep -i xid`",
		"echo torn >&2; kill -SEGV $$":    "the process that asked it ended early (signal: segmentation fault",
		"echo nonsense":                   "the process that asked it ended early (invalid character",
		"echo no such device >&2; exit 1": "ended early (exit status 1): no such device; `dmesg",
	} {
		begun := time.Now()
		limit := time.Minute
		if text == "exec sleep 600" {
			limit = 200 * time.Millisecond
		}
		_, err := apart[trial](context.Background(), limit, script(text))
		assert.ErrorContains(t, err, want, text)
		assert.Less(t, time.Since(begun), 30*time.Second, text)
		f := trial{Problem: err.Error()}.finding(3)
		assert.Equal(t, "Step on cuda:3", f.What)
		assert.Contains(t, f.Detail, "does not work: ")
		assert.Contains(t, f.Mend, "nvidia-smi", "the way out")
	}
	got, err := apart[trial](context.Background(), time.Minute, script(`echo '{"works":true,"seconds":2}'`))
	assert.NoError(t, err)
	assert.Equal(t, trial{Works: true, Seconds: 2}, got)
	stopped, stop := context.WithCancel(context.Background())
	stop()
	_, err = apart[trial](stopped, time.Minute, script("exec sleep 600"))
	assert.ErrorIs(t, err, context.Canceled)
	assert.Contains(t, trial{Problem: "it is wrong"}.finding(1).Mend, "cnn-gpu check --device cuda:1 shows more")

	// On the CPU, which needs no driver, the step itself.
	assert.Empty(t, tryHere("cpu").Problem)
	assert.Contains(t, tryHere("nonsense").Problem, "unknown device")
}
