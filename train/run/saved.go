package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cnn-gpu/internal/wording"
	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
)

// Saved is a trained model from a file.
type Saved struct {
	Model   *model.Model
	Weights *model.Weights
	Classes []string
	Named   int    // how many of the classes the file names; the others are called by their numbers
	Data    string // what it was trained on
	DataDir string // where that was; empty if nobody said
	// Preparation is what the training images were prepared like, and pictures are to be.
	Preparation data.Preparation
	// Unfinished says that the run was interrupted before it ended an epoch: the weights are those of its checkpoint.
	Unfinished bool
	// Notes are sentences on what is worth knowing before the weights are used: what was damaged.
	Notes []string

	Epoch      int         // that the weights are of; 0 if the file does not say
	Provenance *Provenance // how they came about; nil if the file does not say
}

// Loss is that of the training; the default's if nobody said.
func (s *Saved) Loss() (train.Loss, error) {
	var c Config
	if s.Provenance != nil {
		c = s.Provenance.Settings
	}
	return c.loss()
}

// Normalization is that of the training; none if nobody said.
func (s *Saved) Normalization() data.Normalization {
	if s.Provenance == nil {
		return data.Normalization{}
	}
	return s.Provenance.Settings.Normalization
}

// Targets are those of the data that it was trained on; the numbers of classes if nobody said.
func (s *Saved) Targets() data.Targets {
	if s.Provenance == nil {
		return data.ClassLabels
	}
	return s.Provenance.Data.Training.Targets
}

// SampleWeights says whether the examples that it was trained on had weights.
func (s *Saved) SampleWeights() bool {
	return s.Provenance != nil && s.Provenance.Data.Training.Weighted
}

// Pictures says how pictures become images of the model: where they are those that it was trained on, with the run's own share and seed. Their classes are the model's.
func (s *Saved) Pictures() data.PictureSetOptions {
	var c Config
	if s.Provenance != nil {
		c = s.Provenance.Settings
	}
	o := c.pictures(s.Model)
	if s.Named > 0 {
		o.Classes = s.Classes[:s.Named]
	}
	return o
}

// Load reads a run's folder or a weights file.
func Load(path string) (*Saved, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		remedy := "give the folder that train made, or a weights file"
		if slices.Contains(model.Zoo(), path) {
			remedy = fmt.Sprintf("it is a model of the zoo: --model %s where a command takes a model, or %s", path, remedy)
		}
		if near := wording.Nearest(path, Folders()); near != "" {
			remedy = "did you mean " + near + "?"
		}
		return nil, fmt.Errorf("run: %s: %w; %s", path, fs.ErrNotExist, remedy)
	case err == nil && info.IsDir():
		saved, err := load(filepath.Join(path, weightsFile), model.LoadWeights)
		if errors.Is(err, fs.ErrNotExist) {
			return loadUnfinished(path)
		}
		return saved, err
	case slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path)):
		return nil, fmt.Errorf("run: %s is a model file, without weights: --model %[1]s where a command takes a model, or give the folder that train made", path)
	}
	return load(path, model.LoadWeights)
}

// loadUnfinished reads the newest whole checkpoint of a run that has no weights yet.
func loadUnfinished(dir string) (saved *Saved, err error) {
	name, damaged := newestWhole(dir, func(path string) (err error) {
		saved, err = load(path, checkpointWeights)
		return err
	})
	switch {
	case name != "":
		saved.Unfinished = true
		saved.Notes = notesOn(damaged, "The weights are those of "+name+" instead.")
		return saved, nil
	case len(damaged) > 0:
		return nil, fmt.Errorf("%w\nrun: no checkpoint of %s is whole, and it has no weights: begin another run", join(damaged), dir)
	}
	return nil, fmt.Errorf("run: %s holds no run: there is neither %s nor %s in it; give the folder that train made", dir, weightsFile, checkpointFile)
}

// checkpointWeights reads the weights of a checkpoint.
func checkpointWeights(path string) (*model.Weights, map[string]string, error) {
	c, err := train.ReadCheckpoint(path)
	if err != nil {
		return nil, nil, fmt.Errorf("run: %w", err)
	}
	weights, err := c.Weights()
	if err != nil {
		return nil, nil, fmt.Errorf("run: %w", err)
	}
	return weights, c.Metadata(), nil
}

func load(path string, read func(path string) (*model.Weights, map[string]string, error)) (*Saved, error) {
	weights, metadata, err := read(path)
	if errors.As(err, new(*model.NoModelError)) {
		if _, _, wrong := checkpointWeights(path); wrong == nil {
			return nil, fmt.Errorf("run: %s is a checkpoint, which holds more than weights: give the folder of its run, or %s in it", path, weightsFile)
		}
	}
	if err != nil {
		return nil, offer(path, err)
	}
	m := weights.Model()
	s := &Saved{Model: m, Weights: weights, Data: metadata[dataKey], DataDir: metadata[dataDirKey]}
	if err := s.readOrigin(metadata); err != nil {
		return nil, fmt.Errorf("run: %s: %w", path, err)
	}
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
	for i, class := range s.Classes {
		s.Classes[i] = wording.Printable(class) // anybody may have written the file
	}
	s.Named = min(len(s.Classes), units)
	for i := s.Named; i < units; i++ {
		s.Classes = append(s.Classes, fmt.Sprintf("class %d", i))
	}
	s.Classes = slices.Clip(s.Classes[:units])
	return s, nil
}

// Folders lists the folders under runs, where train puts them unless it is told otherwise, that hold a run.
func Folders() []string {
	var folders []string
	for _, name := range []string{weightsFile, checkpointFile} {
		files, _ := filepath.Glob(filepath.Join(runsFolder, "*", name)) // the pattern is right
		for _, file := range files {
			folders = append(folders, filepath.Dir(file))
		}
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}

// readOrigin reads how the weights came about. A key of this program's that it does not know may mean something to a later version.
func (s *Saved) readOrigin(metadata map[string]string) (err error) {
	for key := range metadata {
		if strings.HasPrefix(key, "cnn-gpu.") && !slices.Contains([]string{model.ModelKey, classesKey, dataKey, dataDirKey, preparationKey, provenanceKey, epochKey}, key) {
			return fmt.Errorf("its metadata have the key %q, which this version of the program does not know: take the one that wrote it", key)
		}
	}
	if text := metadata[epochKey]; text != "" {
		if s.Epoch, err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("its epoch is %q: expected a number", text)
		}
	}
	if text := metadata[provenanceKey]; text != "" {
		s.Provenance, err = decodeProvenance(text)
	}
	return err
}

// offer adds the ways out where the weights of a run cannot be read.
func offer(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) || filepath.Base(path) != weightsFile || !exists(path) {
		return err
	}
	dir := filepath.Dir(path)
	if holds(dir, checkpoints...) {
		err = fmt.Errorf("%w\ncnn-gpu train --resume %s writes the weights again", err, wording.Argument(dir))
	}
	if best := filepath.Join(dir, bestWeightsFile); exists(best) {
		err = fmt.Errorf("%w\n%s holds those of the best epoch", err, best)
	}
	return err
}
