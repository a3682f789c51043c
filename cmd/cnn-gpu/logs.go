package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
)

const logFormatFlag = "log-format"

// logWriter takes the lines that are meant for people and logs each as an object.
type logWriter struct {
	*slog.Logger
	line bytes.Buffer
}

func (l *logWriter) Write(p []byte) (int, error) {
	for _, b := range p {
		if b != '\n' {
			l.line.WriteByte(b)
			continue
		}
		if text := strings.TrimSpace(l.line.String()); text != "" {
			l.Info(text)
		}
		l.line.Reset()
	}
	return len(p), nil
}

// useLogFormat has a command with --log-format json say everything in objects, to standard error.
func useLogFormat(cmd *cobra.Command, stderr io.Writer) error {
	f := cmd.Flags().Lookup(logFormatFlag)
	if f == nil {
		return nil
	}
	switch f.Value.String() {
	case "text":
	case "json":
		cmd.SetErr(&logWriter{Logger: slog.New(slog.NewJSONHandler(forTerminals(stderr), nil))})
	default:
		return usageErrorf("--%s %s: choose text or json", logFormatFlag, f.Value)
	}
	return nil
}

// tell says something to people, or logs it.
func tell(cmd *cobra.Command, level slog.Level, text string) {
	if l, ok := cmd.ErrOrStderr().(*logWriter); ok {
		l.Log(cmd.Context(), level, strings.TrimSpace(text))
		return
	}
	fmt.Fprintln(cmd.ErrOrStderr(), text)
}

// logEvent logs an event with its attributes; where people read, others tell them.
func logEvent(cmd *cobra.Command, event string, attributes ...any) {
	if l, ok := cmd.ErrOrStderr().(*logWriter); ok {
		l.Info(event, attributes...)
	}
}

// forPeople is where lines go that logEvent has as well.
func forPeople(cmd *cobra.Command) io.Writer {
	if _, ok := cmd.ErrOrStderr().(*logWriter); ok {
		return io.Discard
	}
	return cmd.ErrOrStderr()
}
