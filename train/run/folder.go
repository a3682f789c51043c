package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"cnn-gpu/internal/lock"
)

// folder is a run's folder, which no other process uses meanwhile.
type folder struct {
	dir  string
	lock *lock.Lock
}

// newFolder makes the folder of a new run.
func newFolder(c Config, name string) (*folder, error) {
	if c.Out != "" {
		return emptyFolder(c.Out)
	}
	base := filepath.Join(runsFolder, name+"-"+filepath.Base(c.Data))
	if err := os.MkdirAll(filepath.Dir(base), 0o777); err != nil {
		return nil, cannotMake(err)
	}
	for i, dir := 2, base; ; i++ {
		switch err := os.Mkdir(dir, 0o777); { // of many that try at once one succeeds
		case err == nil:
			return emptyFolder(dir)
		case !errors.Is(err, fs.ErrExist):
			return nil, cannotMake(err)
		}
		dir = fmt.Sprintf("%s-%d", base, i)
	}
}

func cannotMake(err error) error {
	return fmt.Errorf("run: cannot make the run's folder: %w; give another one by --out", err)
}

// emptyFolder takes a folder, made where it is missing, that holds no run.
func emptyFolder(dir string) (*folder, error) {
	// Who held the folder and saved nothing removes it, maybe just now.
	for range 100 {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, cannotMake(err)
		}
		f, err := openFolder(dir, "give another one by --out")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		if holds(dir, weightsFile, checkpointFile, nextCheckpointFile) {
			return nil, errors.Join(
				fmt.Errorf("run: %s holds a run already; give another folder, or go on with that run by --resume", dir), f.lock.Release())
		}
		return f, nil
	}
	return nil, fmt.Errorf("run: %s: others make and remove this folder all the time; give another one", dir)
}

// openFolder takes a folder that is there. The remedy is for one that cannot be written to.
func openFolder(dir, remedy string) (*folder, error) {
	l, err := lock.Take(dir)
	var held *lock.HeldError
	if errors.As(err, &held) {
		return nil, fmt.Errorf("run: %w; wait until it ends, or give another folder", err)
	} else if err != nil {
		return nil, fmt.Errorf("run: cannot write into the run's folder: %w; %s", err, remedy)
	}
	return &folder{dir, l}, nil
}

// retake makes the folder anew if it has vanished since, unless another run has taken its name.
func (f *folder) retake() error {
	if f.lock.Holds() {
		return nil
	}
	again, err := emptyFolder(f.dir)
	if err != nil {
		return err
	}
	_ = f.lock.Release() // the file is gone, and with it what an error could be of
	f.lock = again.lock
	return nil
}

// release gives the folder free. That of a run which saved nothing goes: the next run may have its name.
func (f *folder) release() error {
	err := f.lock.Release()
	_ = os.Remove(f.dir) // it fails where something was saved
	return err
}

// holds says whether a folder holds any of these files.
func holds(dir string, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return exists(filepath.Join(dir, name)) })
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
