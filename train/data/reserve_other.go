//go:build !linux

package data

import "os"

// reserve makes a file so many bytes long.
func reserve(f *os.File, size int64) error { return f.Truncate(size) }
