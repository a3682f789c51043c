package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// ownProgram is a command line of this very program.
func ownProgram(ctx context.Context, args ...string) (*exec.Cmd, error) {
	path, err := os.Executable()
	return exec.CommandContext(ctx, path, args...), err
}

// apart reads the JSON that a process prints: a driver that hangs, or ends its process, takes that one along and no other.
func apart[T any](ctx context.Context, limit time.Duration, program func(context.Context, ...string) (*exec.Cmd, error), args ...string) (answer T, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd, err := program(ctx, args...)
	if err != nil {
		return answer, err
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	ended := make(chan error, 1)
	go func() { ended <- cmd.Run() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		select {
		case <-ended:
		case <-time.After(time.Second): // one that a driver holds does not even end when it is killed
		}
	}
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return answer, fmt.Errorf("no answer within %v, so the card or its driver hangs; `dmesg | grep -i xid` and nvidia-smi show more, a reboot ends it", limit)
	case ctx.Err() != nil:
		return answer, ctx.Err()
	case err == nil:
		if err = json.Unmarshal(stdout.Bytes(), &answer); err == nil {
			return answer, nil
		}
	}
	first, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
	return answer, fmt.Errorf("the process that asked it ended early (%w): %s; `dmesg | grep -i xid` and nvidia-smi show more", err, cmp.Or(first, "it said nothing"))
}
