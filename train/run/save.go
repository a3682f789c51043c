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
	failed map[string]failure // by what the last attempt failed to save
}

type failure struct {
	err   error
	write func() error
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
	s.failed[what] = failure{err, write}
	if s.warn != nil {
		s.warn(fmt.Errorf("%s could not be saved; the training goes on, and the next save tries again: %w", what, err))
	}
}

// end tries once more what could not be saved, and returns what still cannot.
func (s *saver) end() error {
	s.warn = nil
	var errs []error
	for _, what := range slices.Sorted(maps.Keys(s.failed)) {
		s.save(what, s.failed[what].write)
		if f, failed := s.failed[what]; failed {
			errs = append(errs, fmt.Errorf("%s could not be saved: %w", what, f.err))
		}
	}
	return errors.Join(errs...)
}
