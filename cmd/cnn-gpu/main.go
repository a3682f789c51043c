// Command cnn-gpu trains convolutional neural networks and shows what they have learnt.
//
// A command's answer goes to standard output, all else that is meant for people to standard error. The exit code is 0, or 1
// for a failure, 2 for a command that was not understood, 128 and the number of the signal for one that was interrupted; sim adds 3.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cnn-gpu/internal/memory"
	"cnn-gpu/internal/wording"
	"cnn-gpu/train"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130 // where no signal did it; see interruptedCode
)

// leastMemory is what any command needs beside what it asks for.
const leastMemory = 16 << 20

func main() {
	memory.Adopt()
	if limit, enough := memory.Enough(leastMemory); !enough {
		fmt.Fprintf(os.Stderr, "cnn-gpu: too little memory: %s leaves %s, %s are needed to begin\n",
			limit.Name, wording.Bytes(max(limit.Free, 0)), wording.Bytes(leastMemory))
		os.Exit(exitFailure)
	}
	os.Exit(execute(untilSignal(), os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs a command line and returns its exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	out := &watchedWriter{Writer: forTerminals(stdout)}
	people := printableWriter{stderr}
	root := newRootCommand()
	understood := false
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		err := refuseEmpty(cmd.Flags())
		if err == nil {
			err = useLogFormat(cmd, stderr)
		}
		understood = err == nil
		context.AfterFunc(ctx, func() {
			if s, ok := context.Cause(ctx).(*stopSignal); ok {
				tell(cmd, slog.LevelWarn, fmt.Sprintf("\nStopping (%v); press Ctrl-C again to quit at once.", s))
			}
		})
		return err
	}
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(people)

	cmd, err := root.ExecuteContextC(ctx)
	if out.err != nil && (err == nil || errors.Is(err, out.err)) {
		understood, err = true, fmt.Errorf("cannot write to standard output: %w", out.err)
	}
	if ends := new(train.NoActivationError); errors.As(err, &ends) { // whose advice is for programs
		err = fmt.Errorf("the model does not end with a %s; write activation: %[1]s into its last layer", ends.Activation)
	}
	var usage *usageError
	if errors.As(err, new(*train.MultiLabelError)) { // likewise
		err = errors.New("the pictures have several labels: give --loss binary_crossentropy, and write activation: sigmoid into the model's last layer")
	}
	switch {
	case err == nil:
		return exitOK
	case interrupted(err):
		tell(cmd, slog.LevelWarn, "Interrupted.")
		return interruptedCode(ctx)
	case !understood || errors.As(err, &usage):
		if !understood {
			_ = printMisunderstood(cmd, args, err) // watchedWriter has told
		}
		fmt.Fprintf(people, "cnn-gpu: %v\nSee %s --help\n", err, cmd.CommandPath())
		return exitUsage
	}
	tell(cmd, slog.LevelError, fmt.Sprintf("cnn-gpu: %v", err))
	if coded := new(exitError); errors.As(err, &coded) {
		return coded.code
	}
	return exitFailure
}

// exitError is a failure with an exit code of its own.
type exitError struct {
	code int
	error
}

func (e *exitError) Unwrap() error { return e.error }

// refuseEmpty refuses flags that were given an empty text, as a shell's unset variable is: they would be taken for not given.
func refuseEmpty(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" && err == nil {
			err = usageErrorf(`--%s "": give a value, or leave the flag out`, f.Name)
		}
	})
	return err
}

// usageError is a command line whose flags or arguments make no sense.
type usageError struct{ error }

func usageErrorf(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// interrupted says whether an error is the end of the context and nothing else: what could not be saved then is a failure.
func interrupted(err error) bool {
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			if !interrupted(part) {
				return false
			}
		}
		return true
	case interface{ Unwrap() error }:
		return interrupted(e.Unwrap())
	}
	return err == context.Canceled
}

// watchedWriter remembers the first error, so that no command has to ask after each line.
type watchedWriter struct {
	io.Writer
	err error
}

func (w *watchedWriter) Write(p []byte) (n int, err error) {
	n, err = w.Writer.Write(p)
	if w.err == nil {
		w.err = err
	}
	return n, err
}
