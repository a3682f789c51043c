//go:build !linux

package memory

import (
	"io/fs"
	"math"
)

// systemLimits are not known elsewhere.
func systemLimits(fs.FS) []Limit { return nil }

func groupLimit(fs.FS) int64 { return math.MaxInt64 }

func resident(fs.FS) int64 { return 0 }
