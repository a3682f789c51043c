package run

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// checkpoints are the names of what a run goes on from, the newest first.
var checkpoints = []string{nextCheckpointFile, checkpointFile, previousCheckpointFile, bestCheckpointFile}

// damagedCheckpoint is one that is of no use, and why.
type damagedCheckpoint struct {
	name string
	err  error
}

// newestWhole has the checkpoints of a folder read until one is whole. There is no name if none is.
func newestWhole(dir string, read func(path string) error) (name string, before []damagedCheckpoint) {
	for _, name := range checkpoints {
		err := read(filepath.Join(dir, name))
		if err == nil {
			return name, before
		}
		if !errors.Is(err, fs.ErrNotExist) {
			before = append(before, damagedCheckpoint{name, err})
		}
	}
	return "", before
}

// notesOn says what is damaged and then, if anything is, what is done instead.
func notesOn(list []damagedCheckpoint, instead string) (notes []string) {
	for _, d := range list {
		notes = append(notes, d.err.Error())
	}
	if len(list) > 0 {
		notes = append(notes, instead)
	}
	return notes
}

func join(list []damagedCheckpoint) error {
	var errs []error
	for _, d := range list {
		errs = append(errs, d.err)
	}
	return errors.Join(errs...)
}
