package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"cnn-gpu/device"
	"cnn-gpu/internal/atomicfile"
	"cnn-gpu/internal/wording"
	"cnn-gpu/model"
	"cnn-gpu/train"
)

// Hooks are called while a run trains.
type Hooks struct {
	OnStart    func(train.Start)
	OnProgress func(train.Progress)
	OnEpoch    func(train.Epoch)
	OnSave     func()      // after everything of an epoch, or a checkpoint, was saved
	OnWarning  func(error) // what could not be saved, while the training goes on

	// Save asks for a checkpoint after the current step. None is asked for if it is nil.
	Save <-chan struct{}
}

// Summary is what a finished run achieved.
type Summary struct {
	Dir   string
	Last  train.Epoch
	Test  train.Result
	Notes []string // what was left out of the folder, and why
	// Stopped says why the run has fewer epochs than it was to have; empty if it has all.
	Stopped string
}

// Train trains to the end and writes the folder's files. Each epoch's are written beside the training of the next. When the context ends,
// it saves a checkpoint and returns the context's error; when training meets a value that is not finite, the files of the last epoch stay.
// What cannot be saved meanwhile is warned of and tried again; it is an error if it cannot be saved at the end.
func (r *Run) Train(ctx context.Context, h Hooks) (Summary, error) {
	o, err := r.fitOptions()
	if err != nil {
		return Summary{Dir: r.Dir()}, err
	}
	r.saver.onSave, r.saver.onWarning = h.OnSave, h.OnWarning
	if err := r.prepare(); err != nil {
		return Summary{Dir: r.Dir()}, err
	}
	o.CheckpointNow, o.OnStart = h.Save, h.OnStart
	o.OnProgress = func(p train.Progress) {
		r.saver.look()
		if h.OnProgress != nil {
			h.OnProgress(p)
		}
	}
	o.OnEpoch = func(e train.Epoch) error {
		r.saver.wait() // the checkpoint that comes next would
		if e.Stopped {
			r.provenance.Stopped = r.stopReason()
		}
		if h.OnEpoch != nil {
			h.OnEpoch(e)
		}
		return nil
	}
	if r.board, err = r.openBoard(); err != nil {
		return Summary{Dir: r.Dir()}, err
	}
	if r.board != nil {
		r.board.follow(&o, r.saver.warn)
	}
	history, err := r.trainer.Fit(ctx, r.training, o)
	saved := r.saver.end()
	err = errors.Join(r.explain(err), saved)
	if r.board != nil {
		err = errors.Join(err, r.board.flush())
	}
	if err != nil {
		return Summary{Dir: r.Dir()}, err
	}
	s := Summary{Dir: r.Dir(), Last: history[len(history)-1]}
	if o.Stalls(history) && len(history) < o.Epochs {
		s.Stopped = r.stopReason()
	}
	if best := train.BestEpoch(history); r.config.RestoreBest && best < len(history)-1 {
		err := r.endWithBest(ctx, history[best].Epoch, &s)
		return s, r.explain(err)
	}
	if s.Test, s.Notes, err = r.draw(ctx, r.trainer); err != nil {
		return Summary{Dir: r.Dir()}, r.explain(err)
	}
	return s, nil
}

// endWithBest puts the weights of the best epoch in the place of the last one's, and draws what they do. The checkpoint stays: a run that goes on has
// the bits of one that was longer.
func (r *Run) endWithBest(ctx context.Context, epoch int, s *Summary) (err error) {
	file := filepath.Join(r.Dir(), bestWeightsFile)
	best, err := load(file, model.LoadWeights)
	if err != nil {
		return err
	}
	o, err := r.trainOptions()
	if err != nil {
		return err
	}
	o.Device, o.Weights, o.Optimizer = r.device, best.Weights, nil
	t, err := train.Compile(r.trainer.Model(), o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	if err := r.writeFile(weightsFile, func(w io.Writer) error {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	}); err != nil {
		return err
	}
	if s.Test, s.Notes, err = r.draw(ctx, t); err != nil {
		return err
	}
	s.Notes = append(s.Notes, fmt.Sprintf("%s and the figures on the test images are those of epoch %d, the best.", weightsFile, epoch))
	return nil
}

// stopReason says why a run stops early.
func (r *Run) stopReason() string {
	history := r.trainer.History()
	best := history[train.BestEpoch(history)].Epoch
	return fmt.Sprintf("the loss on the %s images has not fallen below that of epoch %d for %d epochs", r.watchedName(), best, len(history)-best)
}

// prepare makes the folder ready: it clears up what was left there, and saves again the weights of a complete epoch that are damaged or gone.
func (r *Run) prepare() error {
	if err := errors.Join(atomicfile.RemoveLeftovers(r.Dir()), r.settle(), r.saveMetrics(r.trainer.History())); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	at := r.trainer.Position()
	if at.Epoch == 0 {
		return nil
	}
	if err := r.saveCSV(r.trainer.History()); err != nil || at.Batch > 0 {
		return err
	}
	if saved, err := Load(r.Dir()); err == nil && !saved.Unfinished && saved.Epoch >= at.Epoch {
		return nil
	}
	s, err := r.takeSnapshot()
	if err != nil {
		return err
	}
	r.saver.begin(r.epochFiles(s))
	return nil
}

// explain says what a training left that diverged, or whose device failed.
func (r *Run) explain(err error) error {
	switch {
	case errors.As(err, new(*device.FaultError)) && holds(r.Dir(), checkpoints...):
		return fmt.Errorf("%w\nwhat was saved before is whole: cnn-gpu train --resume %s goes on from there", err, wording.Argument(r.Dir()))
	case errors.As(err, new(*device.FaultError)):
		return fmt.Errorf("%w\nnothing was saved yet", err)
	case !errors.As(err, new(*train.NotFiniteError)):
		return err
	}
	if epoch := len(r.trainer.History()); epoch > 0 {
		return fmt.Errorf("%w\n%s holds the weights of epoch %d, the last that was complete", err, filepath.Join(r.Dir(), weightsFile), epoch)
	}
	return fmt.Errorf("%w\nno epoch was complete, so no weights were saved", err)
}
