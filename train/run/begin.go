package run

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cnn-gpu/internal/wording"
	"cnn-gpu/model"
	"cnn-gpu/train/data"
)

// Origin is the file of the weights that a run began with, where they were not drawn.
type Origin struct {
	File     string `json:"file"`   // absolute
	Checksum string `json:"sha256"` // of its bytes
}

// The words of [Config.Head] beside numbers.
const (
	NewHead  = "new"
	KeepHead = "keep"
)

// NoLayers is the word of [Config.Freeze] for none.
const NoLayers = "none"

// CheckHead says whether a text is one that [Config.Head] may be.
func CheckHead(text string) error {
	if n, err := strconv.Atoi(text); text != "" && text != NewHead && text != KeepHead && (err != nil || n < 1) {
		return fmt.Errorf("%q: give a number of classes from 1 on, %s (one unit for each class of the data) or %s", text, NewHead, KeepHead)
	}
	return nil
}

// source is what a run begins with.
type source struct {
	file   string // as it was named
	origin Origin
	saved  *Saved // nil where the file holds no model
	head   string // of its model; empty if it has none
}

// openSource reads the weights file that a run's folder, or a file, stands for: of a run the best epoch's.
func openSource(path string) (*source, error) {
	file := path
	for _, name := range []string{weightsFile, bestWeightsFile} {
		if holds(path, name) {
			file = filepath.Join(path, name)
		}
	}
	if file == path && holds(path, checkpoints...) {
		return nil, fmt.Errorf("run: %s has no weights of a complete epoch yet; go on with it by --resume", path)
	}
	saved, err := Load(file)
	var noModel *model.NoModelError
	if err != nil && !errors.As(err, &noModel) {
		return nil, err
	}
	s := &source{file: file, saved: saved}
	if saved != nil {
		s.head, _ = saved.Model.Head() // a model without one has none to replace
	}
	s.origin, err = originOf(file)
	return s, err
}

func originOf(file string) (o Origin, err error) {
	if o.File, err = filepath.Abs(file); err != nil {
		return o, fmt.Errorf("run: %w", err)
	}
	f, err := os.Open(file)
	if err != nil {
		return o, fmt.Errorf("run: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return o, fmt.Errorf("run: %w", err)
	}
	o.Checksum = hex.EncodeToString(sum.Sum(nil))
	return o, nil
}

// OpenModel opens the model that the run begins with, before it has another last layer.
func (c Config) OpenModel() (*model.Model, error) {
	m, _, err := c.openModel()
	return m, err
}

// openModel opens the model that a run is configured with, and what it begins with, if it is to begin with weights that are there. The configuration
// gets the model's whole path.
func (c *Config) openModel() (m *model.Model, s *source, err error) {
	if c.From != "" {
		if s, err = openSource(c.From); err != nil {
			return nil, nil, err
		}
		c.From = s.origin.File
	}
	switch {
	case c.Model == "" && s != nil && s.saved != nil:
		c.Model = s.saved.Model.Name
		return s.saved.Model, s, nil
	case c.Model == "" && s != nil:
		return nil, nil, fmt.Errorf("run: %s holds weights but no model: name theirs by --model", c.From)
	}
	if m, err = model.Open(c.Model); err != nil {
		return nil, nil, err
	}
	if !slices.Contains(model.Zoo(), c.Model) {
		if c.Model, err = filepath.Abs(c.Model); err != nil {
			return nil, nil, fmt.Errorf("run: %w", err)
		}
	}
	return m, s, nil
}

// normalizeAs normalizes images as those were that the weights know, unless the run is configured otherwise.
func (r *Run) normalizeAs(s *source, m *model.Model) {
	if s.saved == nil || r.config.Standardize || !r.config.Normalization.IsZero() {
		return
	}
	n := s.saved.Normalization()
	if n.IsZero() || n.Check(m.Input.Shape) != nil { // the weights of other channels
		return
	}
	r.config.Normalization = n
	r.notes = append(r.notes, "Images are normalized as those that the weights were trained on; --mean 0 leaves them as they are.")
}

// adapt gives the model the last layer and the frozen layers that the run is configured with. The configuration's head is decided then.
func (r *Run) adapt(m *model.Model, s *source) (*model.Model, error) {
	c, classes := &r.config, r.training.Classes()
	if c.Head == "" && s != nil {
		if c.Head = KeepHead; !s.tells(classes, m) {
			c.Head = NewHead
			r.notes = append(r.notes, fmt.Sprintf("The classes are others than those of the weights, so the last layer is new, with %d units; --head %s keeps it.", len(classes), KeepHead))
		}
	}
	var err error
	if c.Head != "" && c.Head != KeepHead {
		units, wrong := strconv.Atoi(c.Head)
		if wrong != nil {
			units = len(classes)
		}
		if m, err = m.WithHead(units); err != nil {
			return nil, err
		}
		c.Head = strconv.Itoa(units)
	}
	if c.Freeze != "" {
		var patterns []string
		if c.Freeze != NoLayers {
			for _, pattern := range strings.Split(c.Freeze, ",") {
				patterns = append(patterns, strings.TrimSpace(pattern))
			}
		}
		if m, err = m.Freeze(patterns...); err != nil {
			return nil, err
		}
	}
	if frozen := m.Frozen(); len(frozen) > 0 {
		r.notes = append(r.notes, wording.English.Sprintf("Frozen: %s. Of %d parameters %d are trained.", wording.And(frozen), m.ParamCount(), m.ParamCount()-m.NonTrainableCount()))
	}
	return m, nil
}

// tells says whether the weights' classes are those of the data: by their names, or by their number where the file does not name them.
func (s *source) tells(classes []string, m *model.Model) bool {
	if s.saved == nil || s.saved.Named == 0 {
		return m.Output.Shape.Elements() == len(classes)
	}
	return slices.Equal(s.saved.Classes[:s.saved.Named], classes)
}

// begin reads the weights that the run begins with, and notes what of them it takes.
func (r *Run) begin(m *model.Model, s *source) (*model.Weights, error) {
	o := model.TransferOptions{Seed: r.config.Seed, Partial: r.config.Partial}
	if r.config.Head != KeepHead {
		head, err := m.Head()
		if err != nil {
			return nil, err
		}
		o.Fresh = []string{head, cmp.Or(s.head, head)}
	}
	weights, transfer, err := m.TransferWeights(s.file, o)
	var difference *model.TransferError
	if errors.As(err, &difference) {
		return nil, fmt.Errorf("run: %w\nLeave --model out to take the weights' own model, replace the last layer by --head %s, or take what is the same by --partial", err, NewHead)
	}
	if err != nil {
		return nil, err
	}
	note := fmt.Sprintf("Weights: those of %s", s.file)
	if s.saved != nil && s.saved.Epoch > 0 {
		note += fmt.Sprintf(", after epoch %d", s.saved.Epoch)
	}
	note += ": taken " + wording.And(layersOf(transfer.Taken))
	drawn := layersOf(transfer.Drawn)
	if len(drawn) > 0 {
		note += "; drawn anew " + wording.And(drawn)
	}
	if left := slices.DeleteFunc(layersOf(transfer.Left), func(l string) bool { return slices.Contains(drawn, l) }); len(left) > 0 {
		note += "; left out " + wording.And(left)
	}
	r.notes = append(r.notes, wording.Printable(note)+".")
	if s.saved != nil && s.saved.Preparation != (data.Preparation{}) && s.saved.Preparation != r.preparation {
		r.notes = append(r.notes, fmt.Sprintf("The images that the weights were trained on were prepared otherwise than these are: %s then, %s now.", s.saved.Preparation, r.preparation))
	}
	if s.saved != nil && s.saved.Provenance != nil {
		if then, now := s.saved.Normalization().String(), r.config.Normalization.String(); then != now {
			r.notes = append(r.notes, fmt.Sprintf("The images that the weights were trained on were normalized otherwise than these are: %s then, %s now.", then, now))
		}
	}
	r.origin = &s.origin
	return weights, nil
}

// layersOf names the layers of parameters, each once.
func layersOf(params []string) (names []string) {
	for _, p := range params {
		names = append(names, path.Dir(p))
	}
	return slices.Compact(names)
}

// beginAgain reads the weights that a run began with once more; none if they were drawn.
func (r *Run) beginAgain(m *model.Model, then *Origin) (*model.Weights, error) {
	if then == nil {
		return nil, nil
	}
	s, err := openSource(then.File)
	if errors.Is(err, fs.ErrNotExist) || err == nil && s.origin != *then {
		return nil, fmt.Errorf("run: the weights that the run began with, %s, are gone or others now: only with them can it be trained anew", then.File)
	}
	if err != nil {
		return nil, err
	}
	return r.begin(m, s)
}
