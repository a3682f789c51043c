// Package run trains a model into a folder that holds what a person wants afterwards, and reads such folders.
//
//	weights.safetensors     the weights, with the model in the metadata: enough for eval and predict
//	metrics.jsonl           a line for each epoch
//	curves.png              loss and accuracy, in training and in validation or, without one, on the test images
//	confusion.png           which class was taken for which
//	misclassified.png       the images that the model is most wrongly sure about
//	checkpoint.safetensors  what an interrupted run goes on from
package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cnn-gpu/device"
	"cnn-gpu/model"
	"cnn-gpu/model/safetensors"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
)

// Config says what is trained on what and how.
type Config struct {
	Model        string  `json:"model"` // of the zoo, or a file
	Data         string  `json:"data"`  // of the catalogue, or a folder
	DataDir      string  `json:"data_dir,omitempty"`
	Validation   float64 `json:"validation,omitempty"` // the share of the training images that the seed sets apart, see [data.Split]
	Epochs       int     `json:"epochs"`
	Batch        int     `json:"batch"` // at most the training images
	Optimizer    string  `json:"optimizer"`
	LearningRate float64 `json:"learning_rate,omitempty"` // the optimizer's default if 0
	Seed         uint64  `json:"seed"`
	Strict       bool    `json:"strict,omitempty"` // see [train.Options]
	Device       string  `json:"device"`
	Out          string  `json:"-"` // runs/MODEL-DATA if empty, numbered if that is taken

	DeviceOptions device.Options `json:"-"` // they change no result, so a resumed run may have others
}

// Hooks are called while a run trains.
type Hooks struct {
	OnProgress func(train.Progress)
	OnEpoch    func(train.Epoch)
	OnSave     func()      // after everything of an epoch, or a checkpoint, was saved
	OnWarning  func(error) // what could not be saved, while the training goes on

	// Save asks for a checkpoint after the current step. None is asked for if it is nil.
	Save <-chan struct{}
}

// The names in a run's folder.
const (
	weightsFile       = "weights.safetensors"
	metricsFile       = "metrics.jsonl"
	curvesFile        = "curves.png"
	confusionFile     = "confusion.png"
	misclassifiedFile = "misclassified.png"
	checkpointFile    = "checkpoint.safetensors"
)

// configKey is where a checkpoint's metadata holds the run's Config.
const configKey = "run"

// checkpointInterval is the most training that a dying machine loses.
const checkpointInterval = 30 * time.Second

// Run is a training run and its folder.
type Run struct {
	config     Config
	folder     *folder
	saver      *saver
	training   data.Set
	validation data.Set // nil if there is none
	test       data.Set
	trainer    *train.Trainer
	device     device.Device
}

// New opens the model, the data and the device, and makes the folder.
func New(c Config) (*Run, error) {
	m, err := model.Open(c.Model)
	if err != nil {
		return nil, err
	}
	r, err := open(c, m)
	if err != nil {
		return nil, err
	}
	f, err := newFolder(r.config, m.Name)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.keepIn(f)
	return r, nil
}

// Resume opens a run that was interrupted, as its checkpoint left it.
func Resume(dir string, o device.Options) (r *Run, err error) {
	path := filepath.Join(dir, checkpointFile)
	if !exists(path) {
		return nil, fmt.Errorf("run: %s holds no %s to go on from; give the folder of an interrupted run", dir, checkpointFile)
	}
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.release())
		}
	}()
	file, err := safetensors.Read(path)
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	var c Config
	if err := json.Unmarshal([]byte(file.Metadata[configKey]), &c); err != nil {
		return nil, fmt.Errorf("run: %s: it does not say how the run was started: %w", path, err)
	}
	c.DeviceOptions = o
	// The model comes from the checkpoint: its file may have changed since.
	m, err := model.Parse(path, []byte(file.Metadata["model"]))
	if err != nil {
		return nil, err
	}
	if r, err = open(c, m); err != nil {
		return nil, err
	}
	if err := r.trainer.LoadCheckpoint(path); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.keepIn(f)
	return r, nil
}

// keepIn gives the run its folder.
func (r *Run) keepIn(f *folder) {
	r.folder = f
	r.saver = &saver{folder: f, failed: map[string]failure{}}
}

// open opens all that a run works with.
func open(c Config, m *model.Model) (*Run, error) {
	optimizer, err := train.OptimizerByName(c.Optimizer, c.LearningRate)
	if err != nil {
		return nil, err
	}
	r := &Run{config: c}
	if err := r.openData(); err != nil {
		return nil, err
	}
	if r.device, err = device.Open(c.Device, c.DeviceOptions); err != nil {
		return nil, err
	}
	r.trainer, err = train.Compile(m, train.Options{
		Device: r.device, Optimizer: optimizer, Metrics: []train.Metric{train.Accuracy}, Seed: c.Seed, Strict: c.Strict,
	})
	if err == nil {
		err = r.trainer.CheckFit(r.training, r.fitOptions())
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// openData opens the data. Folders are kept absolute: the run may go on in another one.
func (r *Run) openData() (err error) {
	c := &r.config
	s, err := data.OpenSplits(c.Data, data.Options{DataDir: c.DataDir})
	if err != nil {
		return err
	}
	if c.DataDir != "" {
		c.DataDir, err = filepath.Abs(c.DataDir)
	} else if !slices.Contains(data.Names(), c.Data) {
		c.Data, err = filepath.Abs(c.Data)
	}
	if err != nil {
		return fmt.Errorf("run: %w", err)
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
	c.Batch = min(c.Batch, r.training.Len())
	return nil
}

func (r *Run) fitOptions() train.FitOptions {
	watched := r.validation
	if watched == nil {
		watched = r.test
	}
	return train.FitOptions{
		Epochs: r.config.Epochs, Batch: r.config.Batch, Validation: watched,
		CheckpointEvery: checkpointInterval,
	}
}

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

// Summary is what a finished run achieved.
type Summary struct {
	Dir   string
	Last  train.Epoch
	Test  train.Result
	Notes []string // what was left out of the folder, and why
}

// Train trains to the end and writes the folder's files. When the context ends, it saves a checkpoint and returns the context's
// error; when training meets a value that is not finite, the last good weights are saved. What cannot be saved meanwhile is warned of and
// tried again; it is an error if it cannot be saved at the end.
func (r *Run) Train(ctx context.Context, h Hooks) (Summary, error) {
	r.saver.warn = h.OnWarning
	saved := func() {
		if h.OnSave != nil && len(r.saver.failed) == 0 {
			h.OnSave()
		}
	}
	o := r.fitOptions()
	o.OnProgress, o.CheckpointNow = h.OnProgress, h.Save
	o.OnEpoch = func(e train.Epoch) error {
		if h.OnEpoch != nil {
			h.OnEpoch(e)
		}
		r.saveEpoch()
		return nil
	}
	o.Checkpoint = func() error {
		r.saver.save(checkpointFile, r.checkpoint)
		saved()
		return nil
	}
	history, err := r.trainer.Fit(ctx, r.training, o)
	s := Summary{Dir: r.Dir()}
	if errors.As(err, new(*train.NotFiniteError)) {
		r.saver.save(weightsFile, r.saveWeights)
	}
	if err := errors.Join(err, r.saver.end()); err != nil {
		return s, err
	}
	s.Last = history[len(history)-1]
	if s.Test, s.Notes, err = r.draw(ctx); err != nil {
		return Summary{Dir: r.Dir()}, err
	}
	return s, nil
}

func (r *Run) checkpoint() error {
	config, err := json.Marshal(r.config)
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return r.trainer.SaveCheckpoint(filepath.Join(r.Dir(), checkpointFile), map[string]string{configKey: string(config)})
}

// saveEpoch writes what an epoch changed.
func (r *Run) saveEpoch() {
	r.saver.save(weightsFile, r.saveWeights)
	r.saver.save(metricsFile, r.saveMetrics)
}

func (r *Run) saveWeights() error {
	w, err := r.trainer.Weights()
	if err != nil {
		return err
	}
	classes, err := json.Marshal(r.training.Classes())
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	metadata := map[string]string{classesKey: string(classes), dataKey: r.config.Data}
	if r.config.DataDir != "" {
		metadata[dataDirKey] = r.config.DataDir
	}
	return w.Save(filepath.Join(r.Dir(), weightsFile), metadata)
}

// The keys of what eval and predict need beside the model.
const (
	classesKey = "cnn-gpu.classes"
	dataKey    = "cnn-gpu.data"
	dataDirKey = "cnn-gpu.data_dir"
)

// Saved is a trained model from a file.
type Saved struct {
	Model   *model.Model
	Weights *model.Weights
	Classes []string
	Named   int    // how many of the classes the file names; the others are called by their numbers
	Data    string // what it was trained on
	DataDir string // where that was; empty if nobody said
}

// Load reads a run's folder or a weights file.
func Load(path string) (*Saved, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, weightsFile)
	}
	weights, metadata, err := model.LoadWeights(path)
	if err != nil {
		return nil, err
	}
	m := weights.Model()
	s := &Saved{Model: m, Weights: weights, Data: metadata[dataKey], DataDir: metadata[dataDirKey]}
	units := m.Output.Shape.Elements()
	if text := metadata[classesKey]; text != "" {
		if err := json.Unmarshal([]byte(text), &s.Classes); err != nil {
			return nil, fmt.Errorf("run: %s: the names of the classes cannot be read: %w", path, err)
		}
	}
	s.Named = min(len(s.Classes), units)
	for i := s.Named; i < units; i++ {
		s.Classes = append(s.Classes, fmt.Sprintf("class %d", i))
	}
	s.Classes = slices.Clip(s.Classes[:units])
	return s, nil
}
