package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"cnn-gpu/internal/atomicfile"
	"cnn-gpu/train"
)

// saver runs one job at a time beside the training.
type saver struct{ done chan error } // nil where there is no job

// start begins a job after the last one has ended, whose error it returns.
func (s *saver) start(job func() error) error {
	if err := s.wait(); err != nil {
		return err
	}
	done := make(chan error, 1)
	s.done = done
	go func() { done <- job() }()
	return nil
}

// wait returns the error of the job under way when that has ended.
func (s *saver) wait() error {
	if s.done == nil {
		return nil
	}
	err := <-s.done
	s.done = nil
	return err
}

// checkpoint keeps the training as it is now in memory, and saves it beside the training.
func (r *Run) checkpoint() error {
	s, err := r.trainer.Snapshot()
	if err != nil {
		return err
	}
	return r.saver.start(func() error { return r.save(s) })
}

// save writes what a snapshot changes in the folder, the checkpoint last: what an epoch left is there before its checkpoint says so.
func (r *Run) save(s *train.Snapshot) error {
	var err error
	if s.Position().Batch == 0 && s.Position().Epoch > r.saved {
		err = r.saveEpoch(s)
	}
	return errors.Join(err, r.saveCheckpoint(s))
}

// saveEpoch writes what a complete epoch left, but for its checkpoint.
func (r *Run) saveEpoch(s *train.Snapshot) error {
	err := errors.Join(r.saveRecord(), r.saveWeights(s, weightsFile))
	if isBest(s.History()) {
		err = errors.Join(err, r.saveWeights(s, bestWeightsFile))
	}
	r.saved = s.Position().Epoch
	return err
}

// isBest says whether the last epoch has a lower loss than all before it, on the images that are looked at after each epoch.
func isBest(history []train.Epoch) bool {
	last := history[len(history)-1].Validation
	for _, e := range history[:len(history)-1] {
		if e.Validation.Loss <= last.Loss {
			return false
		}
	}
	return true
}

func (r *Run) saveWeights(s *train.Snapshot, name string) error {
	metadata, err := r.metadata(s)
	if err != nil {
		return err
	}
	return s.Weights().Save(filepath.Join(r.dir, name), metadata)
}

// metadata is what eval and predict need beside the model, and how the run came about.
func (r *Run) metadata(s *train.Snapshot) (map[string]string, error) {
	classes, err := json.Marshal(r.training.Classes())
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	preparation, err := json.Marshal(r.preparation)
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	provenance, err := r.provenance.until(s.Position()).encode()
	if err != nil {
		return nil, err
	}
	metadata := map[string]string{
		classesKey: string(classes), dataKey: r.config.Data, provenanceKey: provenance, epochKey: strconv.Itoa(s.Position().Epoch),
		preparationKey: string(preparation),
	}
	if r.config.DataDir != "" {
		metadata[dataDirKey] = r.config.DataDir
	}
	return metadata, nil
}

// saveCheckpoint writes the newest checkpoint and keeps the one before it. The new one has a name of its own before the others get theirs,
// so that there are whole ones at any moment.
func (r *Run) saveCheckpoint(s *train.Snapshot) error {
	metadata, err := r.metadata(s)
	if err != nil {
		return err
	}
	if err := s.SaveCheckpoint(filepath.Join(r.dir, nextCheckpointFile), metadata); err != nil {
		return err
	}
	if s.Position().Batch == 0 && len(s.History()) > 0 && isBest(s.History()) {
		if err := s.SaveCheckpoint(filepath.Join(r.dir, bestCheckpointFile), metadata); err != nil {
			return err
		}
	}
	return rotate(r.dir)
}

// rotate gives the checkpoints of a folder their names after a new one was written.
func rotate(dir string) error {
	for _, step := range [][2]string{{checkpointFile, previousCheckpointFile}, {nextCheckpointFile, checkpointFile}} {
		err := os.Rename(filepath.Join(dir, step[0]), filepath.Join(dir, step[1]))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("run: %w", err)
		}
	}
	return atomicfile.SyncFolder(dir)
}

// ParseInterval reads how often checkpoints are saved within an epoch: a duration such as "10m", or a number of steps such as "500".
func ParseInterval(text string) (every time.Duration, steps int, err error) {
	if steps, err := strconv.Atoi(text); err == nil {
		if steps < 1 {
			return 0, 0, fmt.Errorf("%q: give at least 1 step, or a time such as 10m", text)
		}
		return 0, steps, nil
	}
	every, err = time.ParseDuration(text)
	if err != nil || every <= 0 {
		return 0, 0, fmt.Errorf("%q: give a time such as 10m or 30s, or a number of steps such as 500", text)
	}
	return every, 0, nil
}
