//go:build !(cuda && cgo)

package micro

import (
	"context"
	"errors"
)

// Run needs a build with CUDA.
func Run(context.Context, string, []string) (*Report, error) {
	return nil, errors.New("micro: this program was built without CUDA; build it where there is a C compiler (make build)")
}
