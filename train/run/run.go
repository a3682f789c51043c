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
}

// runsFolder holds the folders of runs that were given none.
const runsFolder = "runs"

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
	config      Config
	dir         string
	training    data.Set
	validation  data.Set // nil if there is none
	test        data.Set
	preparation data.Preparation
	trainer     *train.Trainer
	device      device.Device
	recorded    int // epochs in the file of the metrics, as far as is known
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
	if r.dir, err = makeDir(r.config, m.Name); err != nil {
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
	r := &Run{config: c}
	if err := r.openData(); err != nil {
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
		Checkpoint: r.checkpoint, CheckpointEvery: checkpointInterval,
	}
}

// makeDir makes the run's folder. It refuses one that holds a run already.
func makeDir(c Config, name string) (string, error) {
	dir := c.Out
	if dir == "" {
		base := filepath.Join(runsFolder, name+"-"+filepath.Base(c.Data))
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

// Validation is the data that is held against the model after each epoch; nil where that is the test data.
func (r *Run) Validation() data.Set { return r.validation }

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
	Dir   string
	Last  train.Epoch
	Test  train.Result
	Notes []string // what was left out of the folder, and why
}

// Train trains to the end and writes the folder's files. When the context ends, it saves a checkpoint and returns the context's
// error; when training meets a value that is not finite, the last good weights are saved.
func (r *Run) Train(ctx context.Context, h Hooks) (Summary, error) {
	if err := r.alignMetrics(); err != nil {
		return Summary{Dir: r.dir}, err
	}
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
	s := Summary{Dir: r.dir, Last: history[len(history)-1]}
	if s.Test, s.Notes, err = r.draw(ctx); err != nil {
		return Summary{Dir: r.dir}, err
	}
	return s, nil
}

func (r *Run) checkpoint() error {
	config, err := json.Marshal(r.config)
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	metadata, err := r.metadata()
	if err != nil {
		return err
	}
	metadata[configKey] = string(config)
	return r.trainer.SaveCheckpoint(filepath.Join(r.dir, checkpointFile), metadata)
}

// saveEpoch writes what an epoch changed.
func (r *Run) saveEpoch() error {
	return errors.Join(r.saveWeights(), r.appendMetrics())
}

func (r *Run) saveWeights() error {
	w, err := r.trainer.Weights()
	if err != nil {
		return err
	}
	metadata, err := r.metadata()
	if err != nil {
		return err
	}
	return w.Save(filepath.Join(r.dir, weightsFile), metadata)
}

// metadata is what eval and predict need beside the model.
func (r *Run) metadata() (map[string]string, error) {
	classes, err := json.Marshal(r.training.Classes())
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	preparation, err := json.Marshal(r.preparation)
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	metadata := map[string]string{classesKey: string(classes), dataKey: r.config.Data, preparationKey: string(preparation)}
	if r.config.DataDir != "" {
		metadata[dataDirKey] = r.config.DataDir
	}
	return metadata, nil
}

// The keys of the metadata.
const (
	classesKey = "cnn-gpu.classes"
	dataKey    = "cnn-gpu.data"
	dataDirKey = "cnn-gpu.data_dir"
	// preparationKey holds a [data.Preparation].
	preparationKey = "cnn-gpu.preparation"
)
