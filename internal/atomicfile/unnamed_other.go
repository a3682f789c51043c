//go:build !linux

package atomicfile

import (
	"errors"
	"io"
)

func writeUnnamed(string, func(io.Writer) error) (string, error) { return "", errors.ErrUnsupported }

func cannotSync(error) bool { return true }
