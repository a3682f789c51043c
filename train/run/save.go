package run

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// saver saves what a training brings forth. What cannot be saved, as on a full disk or in a folder that has vanished, does not end the
// training: the next save tries again.
type saver struct {
	folder *folder
	warn   func(error)
	failed map[string]error // by what the last attempt failed to save
}

// save saves something that has a name.
func (s *saver) save(what string, write func() error) {
	err := s.folder.retake()
	if err == nil {
		err = write()
	}
	if err == nil {
		delete(s.failed, what)
		return
	}
	s.failed[what] = err
	if s.warn != nil {
		s.warn(fmt.Errorf("%s could not be saved; the training goes on, and the next save tries again: %w", what, err))
	}
}

// err is what is not saved.
func (s *saver) err() error {
	var errs []error
	for _, what := range slices.Sorted(maps.Keys(s.failed)) {
		errs = append(errs, fmt.Errorf("%s could not be saved: %w", what, s.failed[what]))
	}
	return errors.Join(errs...)
}
