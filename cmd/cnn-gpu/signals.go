package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// stopSignal is the cause of a context that a signal ended.
type stopSignal struct{ syscall.Signal }

func (s *stopSignal) Error() string { return s.String() }

// untilSignal is a context that ends with the first SIGINT, SIGTERM or SIGHUP. A second SIGINT ends the process at once; the others may come
// again, as a closed terminal sends more than one. What was ignored when the process started, as by nohup, stays ignored.
func untilSignal() context.Context {
	ctx, stop := context.WithCancelCause(context.Background())
	received := make(chan os.Signal, 1)
	notify(received, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		first := (<-received).(syscall.Signal)
		signal.Reset(syscall.SIGINT)
		stop(&stopSignal{first})
	}()
	return ctx
}

// notify is signal.Notify for the signals that are not ignored.
func notify(received chan<- os.Signal, signals ...os.Signal) {
	for _, s := range signals {
		if !signal.Ignored(s) {
			signal.Notify(received, s)
		}
	}
}

// interruptedCode is the exit code of a command that was interrupted, as shells count it: 128 and the number of the signal.
func interruptedCode(ctx context.Context) int {
	if s, ok := context.Cause(ctx).(*stopSignal); ok {
		return 128 + int(s.Signal)
	}
	return exitInterrupted
}

// saveRequests gives a value for each SIGUSR1 until it is stopped. Meanwhile SIGPIPE does not end the process: whoever read its output may
// be gone with the terminal, and what was trained is to be saved all the same.
func saveRequests() (requests <-chan struct{}, stop func()) {
	received, saves := make(chan os.Signal, 1), make(chan struct{}, 1)
	notify(received, syscall.SIGUSR1)
	pipes := make(chan os.Signal, 1)
	signal.Notify(pipes, syscall.SIGPIPE)
	go func() {
		for range received {
			select {
			case saves <- struct{}{}:
			default: // one is waiting already
			}
		}
	}()
	return saves, func() {
		signal.Stop(pipes)
		signal.Stop(received)
		close(received)
	}
}
