package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"cnn-gpu/internal/atomicfile"
	"cnn-gpu/train"
)

// saver saves files beside the training. What cannot be saved, as on a full disk or in a folder that has vanished, does not end the
// training: the next save tries again.
type saver struct {
	folder    *folder
	onSave    func()      // called when everything is saved; may be nil
	onWarning func(error) // called for each file that could not be saved; may be nil
	files     []saving    // to be saved by the save under way, or by the next one; the save under way has them for itself
	ended     chan struct{}
}

// saving is a file that is to be saved.
type saving struct {
	name  string
	write func() error
	err   error // of the last attempt
}

// begin saves files, and older ones that could not be saved and have no newer content, beside the training.
func (s *saver) begin(files []saving) {
	s.wait()
	isRenewed := func(old saving) bool {
		return slices.ContainsFunc(files, func(f saving) bool { return f.name == old.name })
	}
	s.files = append(slices.DeleteFunc(s.files, isRenewed), files...)
	ended := make(chan struct{})
	s.ended = ended
	go func() {
		defer close(ended)
		s.try()
	}()
}

// try saves the files and keeps those that cannot be saved.
func (s *saver) try() {
	var failed []saving
	for _, f := range s.files {
		if f.err = s.folder.retake(); f.err == nil {
			f.err = f.write()
		}
		if f.err != nil {
			failed = append(failed, f)
		}
	}
	s.files = failed
}

// look says how the save under way went if it has ended.
func (s *saver) look() {
	select {
	case <-s.ended:
		s.wait()
	default:
	}
}

// wait waits for the save under way, if there is one, and says how it went.
func (s *saver) wait() {
	if s.ended == nil {
		return
	}
	<-s.ended
	s.ended = nil
	if len(s.files) == 0 && s.onSave != nil {
		s.onSave()
	}
	for _, f := range s.files {
		s.warn(fmt.Errorf("%s could not be saved; the training goes on, and the next save tries again: %w", f.name, f.err))
	}
}

// warn tells of an error that does not end the training.
func (s *saver) warn(err error) {
	if err != nil && s.onWarning != nil {
		s.onWarning(err)
	}
}

// end tries once more what could not be saved, and returns what still cannot.
func (s *saver) end() error {
	s.wait()
	s.try()
	var errs []error
	for _, f := range s.files {
		errs = append(errs, fmt.Errorf("%s could not be saved: %w", f.name, f.err))
	}
	return errors.Join(errs...)
}

// checkpoint keeps the training as it is now in memory, and saves what has changed in the folder beside the training. The checkpoint is the
// last: what an epoch left is there before its checkpoint says so.
func (r *Run) checkpoint() error {
	first := r.snapshot == nil
	s, err := r.takeSnapshot()
	if err != nil {
		return err
	}
	var files []saving
	if at := s.Position(); at.Batch == 0 && at.Epoch > r.saved {
		files = r.epochFiles(s)
	} else if first && r.recipe != nil {
		files = []saving{{name: recipeFile, write: r.saveRecipe}}
	}
	if r.board != nil {
		files = append(files, saving{name: TensorBoardFolder, write: r.board.flush})
	}
	r.saver.begin(append(files, saving{name: checkpointFile, write: func() error { return r.saveCheckpoint(s) }}))
	return nil
}

// takeSnapshot waits for the save under way, so that memory holds one copy at a time, and takes a new one in its place, unless what failed to
// be saved is still in it.
func (r *Run) takeSnapshot() (*train.Snapshot, error) {
	r.saver.wait()
	if r.snapshot != nil && len(r.saver.files) == 0 {
		return r.snapshot, r.snapshot.Retake()
	}
	s, err := r.trainer.Snapshot()
	r.snapshot = s
	return s, err
}

// epochFiles is what a complete epoch leaves, but for its checkpoint.
func (r *Run) epochFiles(s *train.Snapshot) []saving {
	r.saved = s.Position().Epoch
	files := []saving{
		{name: metricsFile, write: func() error { return r.saveMetrics(s.History()) }},
		{name: metricsTable, write: func() error { return r.saveCSV(s.History()) }},
		{name: recordFile, write: r.saveRecord},
		{name: weightsFile, write: func() error { return r.saveWeights(s, weightsFile) }},
	}
	if r.recipe != nil {
		files = append(files, saving{name: recipeFile, write: r.saveRecipe})
	}
	if isBest(s.History()) {
		files = append(files,
			saving{name: bestWeightsFile, write: func() error { return r.saveWeights(s, bestWeightsFile) }},
			saving{name: bestCheckpointFile, write: func() error { return r.writeCheckpoint(s, bestCheckpointFile) }})
	}
	return files
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

func (r *Run) saveRecipe() error {
	return r.writeFile(recipeFile, func(w io.Writer) error {
		_, err := w.Write(r.recipe)
		return err
	})
}

func (r *Run) saveWeights(s *train.Snapshot, name string) error {
	metadata, err := r.metadata(s)
	if err != nil {
		return err
	}
	w, err := s.Weights()
	if err != nil {
		return err
	}
	return w.Save(filepath.Join(r.Dir(), name), metadata)
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
	if err := r.writeCheckpoint(s, nextCheckpointFile); err != nil {
		return err
	}
	return rotate(r.Dir())
}

func (r *Run) writeCheckpoint(s *train.Snapshot, name string) error {
	metadata, err := r.metadata(s)
	if err != nil {
		return err
	}
	return s.SaveCheckpoint(filepath.Join(r.Dir(), name), metadata)
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
