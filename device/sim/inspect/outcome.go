package inspect

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"cnn-gpu/device/sim/inspect/cufile"
)

// Status says in a word what came of a request.
type Status string

const (
	Clean         Status = "clean"          // nothing was found but advice, and all is as expected
	Found         Status = "found"          // something was found, or is not as expected
	NotUnderstood Status = "not_understood" // the request makes no sense
	Unable        Status = "unable"         // the machine or the simulator could not run it
)

// Code is the exit code that says the same.
func (s Status) Code() int {
	return map[Status]int{Clean: 0, Found: 1, NotUnderstood: 2, Unable: 3}[s]
}

// Outcome is what came of a request, whatever that was: a result, a list of kernels, or an error.
type Outcome struct {
	Status      Status              `json:"status"`
	ExitCode    int                 `json:"exit_code"`
	Error       string              `json:"error,omitempty"`
	Diagnostics []cufile.Diagnostic `json:"diagnostics,omitempty"` // of the compiler
	File        string              `json:"file"`
	*Contents
	*Result
}

// Contents are what can be run, and what can be set.
type Contents struct {
	Kernels   []Kernel    `json:"kernels"`
	Templates []string    `json:"templates"` // of kernels
	Variables []Parameter `json:"variables"` // __constant__ and __device__
}

// Conclude fills in the status, the error and what the compiler said.
func (o *Outcome) Conclude(err error) {
	switch {
	case errors.As(err, new(*NotUnderstoodError)):
		o.Status = NotUnderstood
	case err != nil:
		o.Status = Unable
	case o.Result != nil && !o.Clean():
		o.Status = Found
	default:
		o.Status = Clean
	}
	o.ExitCode = o.Status.Code()
	if err != nil {
		o.Error, o.Diagnostics = err.Error(), diagnostics(err)
	}
}

// Print writes the result or the list for people. The error is the caller's to tell.
func (o *Outcome) Print(w io.Writer) error {
	if o.Result != nil {
		return o.Result.Print(w)
	}
	if o.Contents == nil {
		return nil
	}
	var s strings.Builder
	for _, k := range o.Kernels {
		fmt.Fprintf(&s, "%s\n", k.Name)
		for i, p := range k.Parameters {
			fmt.Fprintf(&s, "  %-16s %s\n", k.place(i), p.Type)
		}
	}
	for _, t := range o.Templates {
		fmt.Fprintf(&s, "%s\n  a template: give --kernel its name with arguments\n", t)
	}
	if len(o.Variables) > 0 {
		s.WriteString("variables, for --set\n")
	}
	for _, v := range o.Variables {
		fmt.Fprintf(&s, "  %-16s %s\n", v.Name, v.Type)
	}
	_, err := io.WriteString(w, s.String())
	return err
}
