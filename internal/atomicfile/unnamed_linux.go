package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// writeUnnamed writes a file that has no name until it is whole. Where the file system cannot do that the error is
// errors.ErrUnsupported.
func writeUnnamed(path string, write func(io.Writer) error) (name string, err error) {
	folder := filepath.Dir(path)
	fd, err := unix.Open(folder, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o666)
	// A kernel that does not know O_TMPFILE says EISDIR or ENOENT; the other way says what else is wrong.
	if err != nil {
		return "", errors.ErrUnsupported
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	if err := fill(f, write); err != nil {
		return "", err
	}
	for {
		name = temporaryName(path)
		err := unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW)
		switch {
		case err == nil:
			return name, nil
		case !errors.Is(err, fs.ErrExist):
			return "", errors.ErrUnsupported // there is no /proc, or the file system has no links
		}
	}
}

func cannotSync(err error) bool { return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) }
