package loader

import (
	"fmt"
	"runtime/debug"
)

// PanicError is a panic in the code of a data set.
type PanicError struct {
	Value any    // what it panicked with
	Stack []byte // of the goroutine that panicked, as [debug.Stack] writes it
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap is the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Recover, deferred, makes an error of a panic.
func Recover(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{v, debug.Stack()}
	}
}
