//go:build !cuda || !cgo

package driver

import "errors"

// Built says whether this program was built with the cuda tag, and Build says it in words.
const Built, Build = false, "without CUDA"

var errNotBuilt = errors.New("driver: this program was built without CUDA: `make build` builds it with, where there is a C compiler")

// Open says that there is no CUDA in this program.
func Open() error { return errNotBuilt }

// Install says that there is no CUDA in this program.
func Install(Implementation) error { return errNotBuilt }

// Detail is empty: nothing can fail.
func Detail() string { return "" }

// ResultOf finds the driver's code in an error of this package; false if there is none.
func ResultOf(err error) (Result, bool) {
	var r Result
	return r, errors.As(err, &r)
}

// Explain gives the error back.
func Explain(err error) error { return err }

func driverName(Result) string { return "" }

func resultText(Result) string { return "" }

func library() string { return "" }

func version() int { return 0 }

func gpus() ([]GPU, error) { return nil, errNotBuilt }
