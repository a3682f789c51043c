package inspect

import "fmt"

// NotUnderstoodError says that what was asked for makes no sense: a bad argument, a kernel that there is not, a file that is missing or does
// not compile. Any other error of this package says that it could not be run here.
type NotUnderstoodError struct{ Err error }

func (e *NotUnderstoodError) Error() string { return e.Err.Error() }
func (e *NotUnderstoodError) Unwrap() error { return e.Err }

func notUnderstood(format string, args ...any) error {
	return &NotUnderstoodError{fmt.Errorf(format, args...)}
}
