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
		"exec sleep 600":                          "a step of training took longer than 200ms; the card or its driver hangs",
		"echo torn >&2; kill -SEGV $$":            "the process that tried it ended early (signal: segmentation fault",
		"echo nonsense":                           "the process that tried it ended early (<nil>): it said nothing; `dmesg",
		"echo no such device >&2; exit 1":         "ended early (exit status 1): no such device",
		`echo '{"works":false,"problem":"x; y"}'`: "x; y",
	} {
		begun := time.Now()
		limit := time.Minute
		if text == "exec sleep 600" {
			limit = 200 * time.Millisecond
		}
		got := tryApart(context.Background(), limit, script(text))
		assert.False(t, got.Works, text)
		assert.Contains(t, got.Problem, want, text)
		assert.Less(t, time.Since(begun), 30*time.Second, text)
		f := got.finding(3)
		assert.Equal(t, "Step on cuda:3", f.What)
		assert.Contains(t, f.Detail, "does not work: ")
		assert.NotEmpty(t, f.Mend)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	assert.Equal(t, "context canceled", tryApart(stopped, time.Minute, script("exec sleep 600")).Problem)

	// On the CPU, which needs no driver, the step itself.
	assert.Empty(t, tryHere("cpu").Problem)
	assert.Contains(t, tryHere("nonsense").Problem, "unknown device")
}
