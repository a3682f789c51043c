// Package atomicfile writes files that appear under their name whole or not at all.
//
// A file is written in the folder where it will stand, so that it gets what files get there: the group of a setgid folder, default
// ACLs, labels, the permissions that the umask leaves. It is on the disk before it has its name, and the name is on the disk before
// Write returns. On Linux it has no name while it is written, where the file system can do that, so that a process that is killed
// leaves nothing.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Write makes a file of what the function writes, and puts it in the place of one that was there. If anything fails, what was there
// stays and nothing is left behind.
func Write(path string, write func(io.Writer) error) error {
	temporary, err := writeUnnamed(path, write)
	if errors.Is(err, errors.ErrUnsupported) {
		temporary, err = writeNamed(path, write)
	}
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return SyncFolder(filepath.Dir(path))
}

// writeNamed writes to a new name in the file's folder.
func writeNamed(path string, write func(io.Writer) error) (name string, err error) {
	for {
		name = temporaryName(path)
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if err := fill(f, write); err != nil {
			return "", errors.Join(err, f.Close(), os.Remove(name))
		}
		if err := f.Close(); err != nil {
			return "", errors.Join(err, os.Remove(name))
		}
		return name, nil
	}
}

// fill writes a file and waits until it is on the disk.
func fill(f *os.File, write func(io.Writer) error) error {
	if err := write(f); err != nil {
		return err
	}
	return f.Sync()
}

// The name of a temporary file is "." NAME marker NUMBER.
const marker = ".part-"

func temporaryName(path string) string {
	folder, name := filepath.Split(path)
	return folder + "." + name + marker + strconv.FormatUint(rand.Uint64(), 36)
}

// RemoveLeftovers removes the temporary files that a killed process, or a machine that lost power, left in a folder. Nobody may be
// writing there.
func RemoveLeftovers(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") && strings.Contains(e.Name(), marker) && e.Type().IsRegular() {
			errs = append(errs, os.Remove(filepath.Join(folder, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// SyncFolder waits until a folder's names are on the disk. Where folders cannot be synced, as on Windows and on some network file
// systems, it does nothing.
func SyncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return nil // one may write into a folder that one may not read
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !cannotSync(err) {
		return fmt.Errorf("sync the folder: %w", err)
	}
	return nil
}
