// Package run trains a model into a folder that holds what a person wants afterwards, and reads such folders.
//
//	weights.safetensors              the weights, with the model in the metadata: enough for eval and predict; at the end the best ones if [Config] says so
//	weights-best.safetensors         those of the epoch with the lowest loss on the images that are looked at after each epoch
//	run.yaml                         how the run came about
//	recipe.yaml                      the model file, with sections that train the model so
//	metrics.jsonl                    a line for each epoch
//	metrics.csv                      the same as Keras's CSVLogger has it
//	curves.png                       loss and accuracy, in training and in validation or, without one, on the test images
//	confusion.png                    which class was taken for which
//	misclassified.png                the images that the model is most wrongly sure about
//	tensorboard                      events for TensorBoard, where they are asked for
//	checkpoint.safetensors           what a run goes on from
//	checkpoint-previous.safetensors  the one before it, for when that one is damaged
//	checkpoint-best.safetensors      that of the epoch with the best weights
package run

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"cnn-gpu/device"
	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
)

// runsFolder holds the folders of runs that were given none.
const runsFolder = "runs"

// The names in a run's folder.
const (
	weightsFile       = "weights.safetensors"
	metricsFile       = "metrics.jsonl"
	metricsTable      = "metrics.csv"
	curvesFile        = "curves.png"
	confusionFile     = "confusion.png"
	confusionTable    = "confusion.csv"
	misclassifiedFile = "misclassified.png"
	recordFile        = "run.yaml"
	recipeFile        = "recipe.yaml"
	bestWeightsFile   = "weights-best.safetensors"

	checkpointFile         = "checkpoint.safetensors"
	previousCheckpointFile = "checkpoint-previous.safetensors"
	bestCheckpointFile     = "checkpoint-best.safetensors"
	nextCheckpointFile     = "checkpoint-next.safetensors" // until the others have moved on
)

// DefaultCheckpointEvery is the most training that a dying machine loses.
const DefaultCheckpointEvery = "30s"

// Run is a training run and its folder.
type Run struct {
	config      Config
	folder      *folder
	training    data.Set
	validation  data.Set // nil if there is none
	test        data.Set
	data        Data
	preparation data.Preparation
	trainer     *train.Trainer
	device      device.Device

	provenance *Provenance
	recipe     []byte // see KeepRecipe
	saver      saver
	board      *board          // nil if nothing is written for TensorBoard
	snapshot   *train.Snapshot // the last that was taken
	saved      int             // the last epoch that was given to the saver
	origin     *Origin         // of the weights that it began with; nil if they were drawn
	notes      []string        // see Notes
	storage    string
	damaged    []damagedCheckpoint // checkpoints
}

// New opens the model, the data and the device, and makes the folder.
func New(c Config) (*Run, error) {
	m, s, err := c.openModel()
	if err != nil {
		return nil, err
	}
	if c.hasSchedule() {
		c.ScheduleEpochs = c.Epochs
	}
	if err := c.checkBoard(); err != nil {
		return nil, err
	}
	r := &Run{config: c}
	opening := beginOpening(c.Device, c.DeviceOptions)
	m, weights, err := r.ready(m, s)
	if err != nil {
		return nil, errors.Join(err, opening.abandon())
	}
	if err := r.useDevice(opening, m, weights); err != nil {
		return nil, err
	}
	r.provenance = &Provenance{Settings: r.config, Data: r.data, From: r.origin, Parts: []Part{newPart(r.trainer)}}
	f, err := newFolder(r.config, m.Name)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.keepIn(f)
	return r, nil
}

// ready opens the data and makes the model and the weights ready that a new run begins with; no weights if they are to be drawn.
func (r *Run) ready(m *model.Model, s *source) (_ *model.Model, weights *model.Weights, err error) {
	if s != nil {
		r.normalizeAs(s, m)
	}
	if err := r.openData(m); err != nil {
		return nil, nil, err
	}
	if m, err = r.adapt(m, s); err == nil && s != nil {
		weights, err = r.begin(m, s)
	}
	return m, weights, err
}

// keepIn gives the run its folder.
func (r *Run) keepIn(f *folder) { r.folder, r.saver.folder = f, f }

// trainOptions are the options of the training, but for the device and the weights.
func (r *Run) trainOptions() (train.Options, error) {
	o, err := r.config.TrainOptions()
	if err != nil {
		return o, err
	}
	o.Targets, o.SampleWeights = data.TargetsOf(r.training), data.IsWeighted(r.training)
	if r.config.ClassWeights != "" {
		o.ClassWeights, err = data.ClassWeights(r.config.ClassWeights, r.training)
	}
	return o, err
}

// openDevice opens the device and compiles the model for it, with weights to begin with, or drawn ones if nil.
func (r *Run) openDevice(m *model.Model, weights *model.Weights) error {
	return r.useDevice(beginOpening(r.config.Device, r.config.DeviceOptions), m, weights)
}

// useDevice is openDevice with a device on its way.
func (r *Run) useDevice(opening *opening, m *model.Model, weights *model.Weights) error {
	o, err := r.trainOptions()
	if err != nil {
		return errors.Join(err, opening.abandon())
	}
	fit, err := r.fitOptions()
	if err != nil {
		return errors.Join(err, opening.abandon())
	}
	if r.device, err = opening.wait(); err != nil {
		return err
	}
	o.Device, o.Weights = r.device, weights
	r.trainer, err = train.Compile(m, o)
	if err == nil {
		err = r.trainer.CheckFit(r.training, fit)
	}
	if err != nil {
		return errors.Join(err, r.Close())
	}
	return nil
}

// openData opens the data for a model. Folders are kept absolute: the run may go on in another one.
func (r *Run) openData(m *model.Model) (err error) {
	c := &r.config
	s, err := data.OpenSplits(c.Data, data.Options{DataDir: c.DataDir, Pictures: c.pictures(m)})
	if err != nil {
		return err
	}
	if c.Split != 0 && s.TestShare == 0 {
		return fmt.Errorf("run: %s has test images of its own: leave out --split", c.Data)
	}
	r.data.Pictures, r.storage, c.Split = s.Pictures, s.Storage, s.TestShare
	if c.DataDir != "" {
		c.DataDir, err = filepath.Abs(c.DataDir)
	} else if !slices.Contains(data.Names(), c.Data) {
		c.Data, err = filepath.Abs(c.Data)
	}
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if err := r.fingerprint(s); err != nil {
		return err
	}
	if c.Validation != 0 {
		if s.Validation != nil {
			return fmt.Errorf("run: %s has validation images of its own: leave out --validation", c.Data)
		}
		if s.Training, s.Validation, err = data.Split(s.Training, c.Validation, c.Seed); err != nil {
			return err
		}
	}
	r.training, r.validation, r.test = s.Training, s.Validation, s.Test
	if r.preparation = s.Preparation; r.preparation == (data.Preparation{}) {
		if r.preparation, err = data.PreparationOf(r.training); err != nil {
			return err
		}
	}
	if c.Standardize && c.Normalization.IsZero() && slices.Equal(r.training.Shape(), m.Input.Shape) { // others are refused by the trainer
		if c.Normalization, err = data.NormalizationOf(r.training); err != nil {
			return err
		}
	}
	c.Batch = min(c.Batch, r.training.Len())
	return nil
}

// fingerprint notes which data this is.
func (r *Run) fingerprint(s data.Splits) (err error) {
	if r.data.Training, err = data.FingerprintOf(s.Training); err != nil {
		return err
	}
	if s.Validation != nil {
		validation, err := data.FingerprintOf(s.Validation)
		if err != nil {
			return err
		}
		r.data.Validation = &validation
	}
	r.data.Test, err = data.FingerprintOf(s.Test)
	return err
}

func (r *Run) fitOptions() (train.FitOptions, error) {
	every, steps, err := ParseInterval(cmp.Or(r.config.CheckpointEvery, DefaultCheckpointEvery))
	if err != nil {
		return train.FitOptions{}, fmt.Errorf("run: checkpoints: %w", err)
	}
	pipeline, err := r.config.Pipeline()
	if err != nil {
		return train.FitOptions{}, err
	}
	return train.FitOptions{
		Augment: pipeline, Epochs: r.config.Epochs, ScheduleEpochs: r.config.ScheduleEpochs, Patience: r.config.Patience, Batch: r.config.Batch, Validation: r.watched(),
		Checkpoint: r.checkpoint, CheckpointEvery: every, CheckpointSteps: steps,
	}, nil
}

// watched is the data that is held against the model after each epoch.
func (r *Run) watched() data.Set {
	if r.validation == nil {
		return r.test
	}
	return r.validation
}

// watchedName is what that data is called.
func (r *Run) watchedName() string {
	if r.validation == nil {
		return "test"
	}
	return "validation"
}

// WatchedPrefix stands before the figures of that data, as in val_loss.
func (r *Run) WatchedPrefix() string {
	if r.validation == nil {
		return "test"
	}
	return "val"
}

// LearningRate is that of a step or an epoch, of which [train.Progress] and [train.Epoch] say 0 where there is no schedule.
func (r *Run) LearningRate(scheduled float64) float64 {
	if r.config.hasSchedule() {
		return scheduled
	}
	return r.baseRate()
}

// baseRate is the learning rate that a schedule multiplies.
func (r *Run) baseRate() float64 {
	o, err := r.config.TrainOptions()
	if err != nil { // New and Resume have refused it
		return 0
	}
	return o.Optimizer.Rate()
}

// KeepRecipe has a model file that trains the model as this run does kept in the folder, from the first checkpoint on.
func (r *Run) KeepRecipe(text []byte) { r.recipe = text }

// Dir is the run's folder.
func (r *Run) Dir() string { return r.folder.dir }

// Config says how the run was started.
func (r *Run) Config() Config { return r.config }

// Trainer is the model in training.
func (r *Run) Trainer() *train.Trainer { return r.trainer }

// Training is the data that it trains on.
func (r *Run) Training() data.Set { return r.training }

// Validation is the data that is held against the model after each epoch; nil where that is the test data.
func (r *Run) Validation() data.Set { return r.validation }

// Pictures says what of the data was left out where it is pictures; nil if it is not.
func (r *Run) Pictures() *data.PictureReport { return r.data.Pictures }

// Storage says where the images are if that is worth knowing, see [data.Splits.Storage].
func (r *Run) Storage() string { return r.storage }

// Notes are sentences on what is worth knowing before a run begins or goes on: whose weights it has, what is frozen, what was damaged, what differs.
func (r *Run) Notes() []string { return r.notes }

// Close frees the device and the folder. That of a run which saved nothing goes: the next run may have its name.
func (r *Run) Close() error {
	var errs []error
	if r.folder != nil {
		errs = append(errs, r.folder.release())
	}
	if r.device != nil {
		errs = append(errs, r.device.Close())
	}
	return errors.Join(errs...)
}

// The keys of the metadata.
const (
	classesKey     = "cnn-gpu.classes"
	dataKey        = "cnn-gpu.data"
	dataDirKey     = "cnn-gpu.data_dir"
	provenanceKey  = "cnn-gpu.run" // how the run came about
	epochKey       = "cnn-gpu.epoch"
	preparationKey = "cnn-gpu.preparation" // a [data.Preparation]
)
