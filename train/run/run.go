// Package run trains a model into a folder that holds what a person wants afterwards, and reads such folders.
//
//	weights.safetensors     the weights, with the model in the metadata: enough for eval and predict
//	metrics.jsonl           a line for each epoch
//	curves.png              loss and accuracy, training and validation
//	confusion.png           which class was taken for which
//	misclassified.png       the images that the model is most wrongly sure about
//	checkpoint.safetensors  what an interrupted run goes on from
package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
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
	Epochs       int     `json:"epochs"`
	Batch        int     `json:"batch"`
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
	config         Config
	dir            string
	training, test data.Set
	preparation    data.Preparation
	trainer        *train.Trainer
	device         device.Device
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
	if r.dir, err = makeDir(c, m.Name); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Resume opens a run that was interrupted, as its checkpoint left it.
func Resume(dir string, o device.Options) (*Run, error) {
	path := filepath.Join(dir, checkpointFile)
	file, err := safetensors.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("run: %s holds no %s to go on from; give the folder of an interrupted run", dir, checkpointFile)
	} else if err != nil {
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
	r, err := open(c, m)
	if err != nil {
		return nil, err
	}
	r.dir = dir
	if err := r.trainer.LoadCheckpoint(path); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// open opens all that a run works with.
func open(c Config, m *model.Model) (*Run, error) {
	optimizer, err := train.OptimizerByName(c.Optimizer, c.LearningRate)
	if err != nil {
		return nil, err
	}
	if c.DataDir != "" {
		// The run's folder may be read from elsewhere.
		if c.DataDir, err = filepath.Abs(c.DataDir); err != nil {
			return nil, fmt.Errorf("run: %w", err)
		}
	}
	r := &Run{config: c}
	if r.training, r.test, err = data.Open(c.Data, data.Options{DataDir: c.DataDir}); err != nil {
		return nil, err
	}
	if r.preparation, err = data.PreparationOf(r.training); err != nil {
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

func (r *Run) fitOptions() train.FitOptions {
	return train.FitOptions{
		Epochs: r.config.Epochs, Batch: r.config.Batch, Validation: r.test,
		Checkpoint: r.checkpoint, CheckpointEvery: checkpointInterval,
	}
}

// makeDir makes the run's folder. It refuses one that holds a run already.
func makeDir(c Config, name string) (string, error) {
	dir := c.Out
	if dir == "" {
		base := filepath.Join("runs", name+"-"+filepath.Base(c.Data))
		dir = base
		for i := 2; exists(dir); i++ {
			dir = fmt.Sprintf("%s-%d", base, i)
		}
	}
	for _, file := range []string{weightsFile, checkpointFile} {
		if exists(filepath.Join(dir, file)) {
			return "", fmt.Errorf("run: %s holds a run already; give another folder, or go on with that run by --resume", dir)
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", fmt.Errorf("run: cannot make the run's folder: %w", err)
	}
	// Better now than after an hour of training.
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return "", fmt.Errorf("run: cannot write into the run's folder: %w", err)
	}
	return dir, errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Dir is the run's folder.
func (r *Run) Dir() string { return r.dir }

// Config says how the run was started.
func (r *Run) Config() Config { return r.config }

// Trainer is the model in training.
func (r *Run) Trainer() *train.Trainer { return r.trainer }

// Training is the data that it trains on.
func (r *Run) Training() data.Set { return r.training }

// Close frees the device. The folder of a run that saved nothing goes too: the next run may have its name.
func (r *Run) Close() error {
	if r.dir != "" {
		_ = os.Remove(r.dir) // it fails where something was saved
	}
	if r.device == nil {
		return nil
	}
	return r.device.Close()
}

// Summary is what a finished run achieved.
type Summary struct {
	Dir  string
	Last train.Epoch
}

// Train trains to the end and writes the folder's files. When the context ends, it saves a checkpoint and returns the context's
// error; when training meets a value that is not finite, the last good weights are saved.
func (r *Run) Train(ctx context.Context, h Hooks) (Summary, error) {
	o := r.fitOptions()
	o.OnProgress = h.OnProgress
	o.OnEpoch = func(e train.Epoch) error {
		if h.OnEpoch != nil {
			h.OnEpoch(e)
		}
		return r.saveEpoch()
	}
	history, err := r.trainer.Fit(ctx, r.training, o)
	var notFinite *train.NotFiniteError
	if errors.As(err, &notFinite) {
		err = errors.Join(err, r.saveWeights())
	}
	if err != nil {
		return Summary{Dir: r.dir}, err
	}
	if err := r.draw(ctx); err != nil {
		return Summary{Dir: r.dir}, err
	}
	return Summary{Dir: r.dir, Last: history[len(history)-1]}, nil
}

func (r *Run) checkpoint() error {
	config, err := json.Marshal(r.config)
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return r.trainer.SaveCheckpoint(filepath.Join(r.dir, checkpointFile), map[string]string{configKey: string(config)})
}

// saveEpoch writes what an epoch changed.
func (r *Run) saveEpoch() error {
	return errors.Join(r.saveWeights(), r.saveMetrics())
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
	preparation, err := json.Marshal(r.preparation)
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	metadata := map[string]string{classesKey: string(classes), dataKey: r.config.Data, preparationKey: string(preparation)}
	if r.config.DataDir != "" {
		metadata[dataDirKey] = r.config.DataDir
	}
	return w.Save(filepath.Join(r.dir, weightsFile), metadata)
}

// The keys of what eval and predict need beside the model.
const (
	classesKey = "cnn-gpu.classes"
	dataKey    = "cnn-gpu.data"
	dataDirKey = "cnn-gpu.data_dir"
	// preparationKey holds a [data.Preparation].
	preparationKey = "cnn-gpu.preparation"
)

// Saved is a trained model from a file.
type Saved struct {
	Model   *model.Model
	Weights *model.Weights
	Classes []string
	Data    string // what it was trained on
	DataDir string // where that was; empty if nobody said
	// Preparation is what the training images were prepared like, and pictures are to be.
	Preparation data.Preparation
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
	s.Preparation = data.PreparationNamed(s.Data)
	if text := metadata[preparationKey]; text != "" {
		if err := json.Unmarshal([]byte(text), &s.Preparation); err != nil {
			return nil, fmt.Errorf("run: %s: what its training images were prepared like cannot be read: %w", path, err)
		}
		if err := s.Preparation.Check(); err != nil {
			return nil, fmt.Errorf("run: %s: %w", path, err)
		}
	}
	units := m.Output.Shape.Elements()
	if text := metadata[classesKey]; text != "" {
		if err := json.Unmarshal([]byte(text), &s.Classes); err != nil {
			return nil, fmt.Errorf("run: %s: the names of the classes cannot be read: %w", path, err)
		}
	}
	for i := len(s.Classes); i < units; i++ {
		s.Classes = append(s.Classes, fmt.Sprintf("class %d", i))
	}
	s.Classes = slices.Clip(s.Classes[:units])
	return s, nil
}
