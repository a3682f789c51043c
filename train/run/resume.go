package run

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
)

// ResumeOptions say how a run goes on; the zero value as it was.
type ResumeOptions struct {
	Device          string // another one than the run had; the bits may then differ
	DeviceOptions   device.Options
	Epochs          int     // in all, instead of those that the run was to have
	Data, DataDir   string  // where the same data is now, if it is elsewhere
	CheckpointEvery string  // instead of the run's
	Patience        *int    // instead of the run's; see [train.FitOptions]
	RestoreBest     *bool   // instead of the run's
	TensorBoard     *string // instead of the run's; see [Config]
	Anyway          bool    // go on where the bits would differ

	// Check, if there is one, gets what the run was begun with, and may refuse to go on.
	Check func(Config, *model.Model) error

	Stream    bool                        // that of [data.PictureSetOptions]
	OnPicture func(done, total int) error // the Progress of [data.PictureSetOptions]
}

// DifferenceError says that a run cannot go on to the bits that it would have had.
type DifferenceError struct {
	Dir         string
	Differences []train.Difference
	remedies    []string
}

func (e *DifferenceError) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "run: %s would not go on to the weights that it would have had:", e.Dir)
	for _, d := range e.Differences {
		fmt.Fprintf(&s, "\n  %v", d)
	}
	for _, remedy := range append(e.remedies, "--anyway goes on all the same") {
		fmt.Fprintf(&s, "\n%s", remedy)
	}
	return s.String()
}

// Resume opens a run as its newest whole checkpoint left it, whether it was interrupted or is finished. [Run.Notes] says what is worth
// knowing about that.
func Resume(dir string, o ResumeOptions) (r *Run, err error) {
	if !holds(dir, checkpoints...) {
		return nil, fmt.Errorf("run: %s holds no %s to go on from; give the folder of a run", dir, checkpointFile)
	}
	f, err := openFolder(dir, "make it writable, or go on with a copy of it")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.release())
		}
	}()
	found, err := findCheckpoint(dir)
	if err != nil {
		return nil, err
	}
	then := found.provenance
	c := then.Settings
	if o.Check != nil {
		if err := o.Check(c, found.model); err != nil {
			return nil, err
		}
	}
	o.apply(&c, then.last())
	r = &Run{config: c, notes: found.notes, damaged: found.damaged}
	if err := r.reopenData(found.model, then.Settings); err != nil {
		return nil, err
	}
	e := &DifferenceError{Dir: dir}
	e.compareData(then.Data, r.data)
	if len(e.Differences) > 0 && !o.Anyway {
		return nil, e
	}
	if err := r.openDevice(found.model, nil); err != nil {
		return nil, err
	}
	part := newPart(r.trainer)
	r.notes = append(r.notes, e.comparePart(then.last(), part, o.Device != "")...)
	if len(e.Differences) > 0 && !o.Anyway {
		return nil, errors.Join(e, r.Close())
	}
	for _, d := range e.Differences {
		r.notes = append(r.notes, d.String()+": the weights will not be those that the run would have had.")
	}
	var allowed []string
	if o.Anyway {
		allowed = []string{"cpu code", "batch", "examples"}
	}
	if err := r.trainer.GoOnFrom(found.checkpoint, allowed...); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	at := r.trainer.Position()
	begun := at.Fit
	if at.Batch > 0 {
		begun++
	}
	if c.Epochs < begun {
		return nil, errors.Join(fmt.Errorf("run: %s has begun %d epochs already: give --epochs a number that is not below", dir, begun), r.Close())
	}
	if fit, err := r.fitOptions(); err == nil && c.Epochs > at.Fit && fit.Stalls(r.trainer.History()) {
		r.notes = append(r.notes, fmt.Sprintf("The run stopped early: %s. It goes on with a --patience above %d, or 0.", r.stopReason(), c.Patience))
	}
	if c.Epochs > c.ScheduleEpochs && c.scheduleEnds() {
		r.notes = append(r.notes, r.scheduleNote())
	}
	part.Epoch, part.Batch = at.Epoch, at.Batch
	r.provenance = &Provenance{Settings: r.config, Data: r.data, From: then.From, Parts: append(then.Parts, part)}
	r.keepIn(f)
	return r, nil
}

// scheduleNote says what the schedule of a run does in epochs that the run did not begin with.
func (r *Run) scheduleNote() string {
	return fmt.Sprintf("The learning rate follows the schedule of the %d epochs that the run began with: where that ends, the rate stays as it is then. A run that begins with %d epochs has other rates, and ends with other weights.",
		r.config.ScheduleEpochs, r.config.Epochs)
}

// apply puts the options into a run's settings.
func (o ResumeOptions) apply(c *Config, last Part) {
	c.DeviceOptions, c.OnPicture, c.Stream = o.DeviceOptions, o.OnPicture, o.Stream
	c.Device = cmp.Or(o.Device, last.Device) // what auto chose once
	c.Epochs = cmp.Or(o.Epochs, c.Epochs)
	if o.Patience != nil {
		c.Patience = *o.Patience
	}
	if o.RestoreBest != nil {
		c.RestoreBest = *o.RestoreBest
	}
	if o.Data != "" || o.DataDir != "" {
		c.Data, c.DataDir = cmp.Or(o.Data, c.Data), o.DataDir
	}
	if o.TensorBoard != nil {
		c.TensorBoard = *o.TensorBoard
	}
	c.CheckpointEvery = cmp.Or(o.CheckpointEvery, c.CheckpointEvery)
}

// reopenData opens the data of a run that was begun with these settings.
func (r *Run) reopenData(m *model.Model, then Config) error {
	err := r.openData(m)
	if err == nil {
		return nil
	}
	where := then.Data
	if then.DataDir != "" {
		where += " in " + then.DataDir
	}
	return fmt.Errorf("%w\nThe run was trained on %s; --data, --data-dir say where the same data is now", err, where)
}

// compareData adds what differs in the data.
func (e *DifferenceError) compareData(then, now Data) {
	validation := func(f *data.Fingerprint) data.Fingerprint {
		if f == nil {
			return data.Fingerprint{}
		}
		return *f
	}
	for _, part := range []struct {
		name      string
		then, now data.Fingerprint
	}{
		{"training data", then.Training, now.Training},
		{"validation data", validation(then.Validation), validation(now.Validation)},
		{"test data", then.Test, now.Test},
	} {
		for _, pair := range part.then.Differences(part.now) {
			e.Differences = append(e.Differences, train.Difference{What: part.name, Saved: pair[0], Now: pair[1]})
		}
	}
	if len(e.Differences) > 0 {
		e.remedies = append(e.remedies, "Give the data that the run began with by --data, --data-dir, or begin another run.")
	}
}

// comparePart adds what differs in what computes so that sums are rounded otherwise, and returns notes on the rest.
func (e *DifferenceError) comparePart(then, now Part, isChosen bool) (notes []string) {
	kind := func(device string) string { name, _, _ := strings.Cut(device, ":"); return name }
	switch {
	case kind(then.Device) != kind(now.Device) || isChosen && then.GPU != now.GPU:
		// A run only changes its device where somebody says so.
		return []string{fmt.Sprintf("The run goes on on %s after %s: the last bits of the weights may differ from those of a run on one device.", now.where(), then.where())}
	case then.CPUCode != now.CPUCode:
		e.Differences = append(e.Differences, train.Difference{What: "CPU code", Saved: then.CPUCode, Now: now.CPUCode})
		e.remedies = append(e.remedies, fmt.Sprintf("%s=%s goes on with the same code, where the CPU has it.", device.CPUEnv, then.CPUCode))
	case then.GPU != now.GPU:
		e.Differences = append(e.Differences, train.Difference{What: "GPU", Saved: then.GPU, Now: now.GPU})
		e.remedies = append(e.remedies, "--device names the device to go on on.")
	}
	if was := cmp.Or(then.Precision, kernels.FP32); was != now.Precision {
		e.Differences = append(e.Differences, train.Difference{What: "precision", Saved: was.String(), Now: now.Precision.String()})
	}
	if then.Compiler != "" && now.Compiler != "" && then.Compiler != now.Compiler {
		e.Differences = append(e.Differences, train.Difference{What: "compiler of the kernels", Saved: then.Compiler, Now: now.Compiler})
	}
	if then.Driver != now.Driver {
		notes = append(notes, fmt.Sprintf("The driver was one of %s and is one of %s now.", then.Driver, now.Driver))
	}
	if then.Version != now.Version || then.Commit != now.Commit {
		notes = append(notes, fmt.Sprintf("The run was trained by cnn-gpu %s (%s); this is %s (%s): where its algorithms changed since, the last bits of the weights may differ.",
			then.Version, then.Commit, now.Version, now.Commit))
	}
	return notes
}

// where names a part's device.
func (p Part) where() string {
	if p.GPU != "" {
		return p.GPU
	}
	return p.Device
}

// checkpointFound is a run's newest whole checkpoint.
type checkpointFound struct {
	checkpoint *train.Checkpoint
	provenance *Provenance
	model      *model.Model // from the checkpoint: its file may have changed since
	notes      []string
	damaged    []damagedCheckpoint
}

// findCheckpoint reads the checkpoints of a folder until one is whole. One is there.
func findCheckpoint(dir string) (*checkpointFound, error) {
	var f checkpointFound
	name, damaged := newestWhole(dir, f.read)
	if name == "" {
		return nil, fmt.Errorf("%w\nrun: no checkpoint of %s is whole; its weights may be: cnn-gpu eval tells. Begin another run", join(damaged), dir)
	}
	f.damaged = damaged
	f.notes = notesOn(damaged, "The run goes on from "+name+" instead.")
	return &f, nil
}

func (f *checkpointFound) read(path string) (err error) {
	if f.checkpoint, err = train.ReadCheckpoint(path); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if f.provenance, err = decodeProvenance(f.checkpoint.Metadata()[provenanceKey]); err != nil {
		return fmt.Errorf("run: %s: %w", path, err)
	}
	f.model, err = f.checkpoint.Model()
	return err
}

// settle clears up what a process that was killed left in the folder of a run that goes on.
func (r *Run) settle() error {
	for _, d := range r.damaged {
		path := filepath.Join(r.Dir(), d.name)
		if err := os.Rename(path, path+".damaged"); err != nil {
			return fmt.Errorf("run: %w", err)
		}
	}
	r.damaged = nil
	if !exists(filepath.Join(r.Dir(), nextCheckpointFile)) {
		return nil
	}
	return rotate(r.Dir())
}
