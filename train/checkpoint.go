package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/model/safetensors"
)

// weightsName names the buffer of the weights, and so their tensor in a checkpoint.
const weightsName = "weights"

// averagesName is the same of their averages.
const averagesName = "averages"

// The keys of a checkpoint's metadata.
const (
	modelKey         = "model"
	optimizerKey     = "optimizer"
	lossKey          = "loss"
	targetsKey       = "targets"        // missing if they are the numbers of classes
	classWeightsKey  = "class weights"  // missing if there are none
	sampleWeightsKey = "sample weights" // likewise
	clippingKey      = "clipping"       // likewise
	normalizationKey = "normalization"  // likewise
	emaKey           = "ema"            // likewise
	scheduleKey      = "schedule"       // likewise
	warmUpKey        = "warm-up"        // steps; likewise
	seedKey          = "seed"
	strictKey        = "strict"
	precisionKey     = "precision" // missing in a checkpoint of earlier versions
	cpuKey           = "cpu code"  // missing where no CPU computes
	positionKey      = "position"
	paceKey          = "pace"
	elapsedKey       = "elapsed" // seconds of the epoch under way
	historyKey       = "history"
)

// SaveCheckpoint writes all that training changes to a file, atomically, together with metadata of the caller's own. A trainer
// that is compiled alike and loads it ends with the same bits as one that was never interrupted, if it is of the same device.
func (t *Trainer) SaveCheckpoint(path string, metadata map[string]string) error {
	if t.optimizer == nil {
		return errors.New("train: checkpoint: there is no training to save; give Compile an optimizer")
	}
	s, err := t.Snapshot()
	if err != nil {
		return err
	}
	return s.SaveCheckpoint(path, metadata)
}

// SaveCheckpoint is [Trainer.SaveCheckpoint] as of the moment of the snapshot. It may run in a goroutine while training goes on.
func (s *Snapshot) SaveCheckpoint(path string, metadata map[string]string) error {
	file := &safetensors.File{Metadata: s.trainer.identity()}
	file.Metadata[elapsedKey] = strconv.FormatFloat(s.elapsed.Seconds(), 'g', -1, 64)
	for key, value := range map[string]any{positionKey: s.position, paceKey: s.pace, historyKey: s.history} {
		text, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("train: checkpoint: %w", err)
		}
		file.Metadata[key] = string(text)
	}
	for key, value := range metadata {
		if _, taken := file.Metadata[key]; taken {
			return fmt.Errorf("train: checkpoint: the metadata %q are the checkpoint's own; choose another key", key)
		}
		file.Metadata[key] = value
	}
	for i, b := range s.trainer.changing() {
		tensor := safetensors.Tensor{Name: b.Name, Shape: b.Shape}
		switch values := s.values[i].(type) {
		case []float32:
			tensor.DType, tensor.Float32 = safetensors.F32, values
		case []int32:
			tensor.DType, tensor.Int32 = safetensors.I32, values
		}
		file.Tensors = append(file.Tensors, tensor)
	}
	if err := safetensors.Write(path, file); err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	return nil
}

// Checkpoint is what [Trainer.SaveCheckpoint] wrote, whole as its checksum says.
type Checkpoint struct {
	path string
	file *safetensors.File
}

// ReadCheckpoint reads a checkpoint. One without a checksum is refused: nothing would tell if it were damaged.
func ReadCheckpoint(path string) (*Checkpoint, error) {
	file, err := safetensors.Read(path)
	if err != nil {
		return nil, fmt.Errorf("train: checkpoint: %w", err)
	}
	if file.Checksum == "" {
		return nil, fmt.Errorf("train: checkpoint %s: it has no checksum: it is damaged, or older than checksums; take another checkpoint, or begin anew", path)
	}
	return &Checkpoint{path, file}, nil
}

// Path is the file that it was read from.
func (c *Checkpoint) Path() string { return c.path }

// Metadata are the checkpoint's own, and those that it was saved with.
func (c *Checkpoint) Metadata() map[string]string { return c.file.Metadata }

// Model is the model that was trained.
func (c *Checkpoint) Model() (*model.Model, error) {
	return model.Parse(c.path, []byte(c.file.Metadata[modelKey]))
}

// Weights are the weights of the checkpoint's model, with an EMA their averages. They share the checkpoint's memory.
func (c *Checkpoint) Weights() (*model.Weights, error) {
	m, err := c.Model()
	if err != nil {
		return nil, err
	}
	tensor, hasAverages := c.file.Tensor(averagesName)
	if !hasAverages {
		tensor, _ = c.file.Tensor(weightsName)
	}
	w, err := m.WeightsIn(tensor.Float32)
	if err != nil {
		return nil, fmt.Errorf("train: checkpoint %s: it holds no weights for its model: %w", c.path, err)
	}
	return w, nil
}

// LoadCheckpoint is [Trainer.GoOnFrom] the checkpoint in a file.
func (t *Trainer) LoadCheckpoint(path string, allowed ...string) error {
	c, err := ReadCheckpoint(path)
	if err != nil {
		return err
	}
	return t.GoOnFrom(c, allowed...)
}

// GoOnFrom puts the trainer where SaveCheckpoint left off: the next Fit goes on from there. A checkpoint of a training that was compiled
// otherwise is a [DifferenceError], and so is a Fit in other batches, or over another number of examples, than the one that it interrupted.
// Differences whose What is one of those allowed are let pass, though the training then goes on to other weights.
func (t *Trainer) GoOnFrom(c *Checkpoint, allowed ...string) error {
	if t.optimizer == nil {
		return errors.New("train: checkpoint: there is no training to go on with; give Compile an optimizer")
	}
	path, file := c.path, c.file
	differences := slices.DeleteFunc(compare(file.Metadata, t.identity()), func(d Difference) bool { return slices.Contains(allowed, d.What) })
	if len(differences) > 0 {
		return &DifferenceError{Where: "checkpoint " + path, Differences: differences}
	}
	snapshot := &Snapshot{trainer: t}
	for key, value := range map[string]any{positionKey: &snapshot.position, paceKey: &snapshot.pace, historyKey: &snapshot.history} {
		if err := json.Unmarshal([]byte(file.Metadata[key]), value); err != nil {
			return fmt.Errorf("train: checkpoint %s: its %s cannot be read: %w", path, key, err)
		}
	}
	if slices.Contains(allowed, batchDifference) {
		snapshot.pace.Batch = 0
	}
	if slices.Contains(allowed, examplesDifference) {
		snapshot.pace.Examples = 0
	}
	if text, ok := file.Metadata[elapsedKey]; ok { // earlier versions told none
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || !(seconds >= 0 && seconds <= math.MaxInt32) {
			return fmt.Errorf("train: checkpoint %s: its %s is %q, which is no number of seconds", path, elapsedKey, text)
		}
		snapshot.elapsed = time.Duration(seconds * float64(time.Second))
	}
	if p := snapshot.position; p.Batch < 0 || p.Fit < 0 || p.Epoch != len(snapshot.history) {
		return fmt.Errorf("train: checkpoint %s: position %+v does not agree with %d epochs of history", path, p, len(snapshot.history))
	}
	for _, b := range t.changing() {
		tensor, _ := file.Tensor(b.Name)
		var values any = tensor.Float32
		elements, dtype := len(tensor.Float32), safetensors.F32
		if b.Type == kernels.Int32 {
			values, elements, dtype = tensor.Int32, len(tensor.Int32), safetensors.I32
		}
		if tensor.DType != dtype || elements != b.Elements() {
			return fmt.Errorf("train: checkpoint %s: it has no %v%v named %q", path, b.Type, b.Shape, b.Name)
		}
		snapshot.values = append(snapshot.values, values)
	}
	snapshot.values = append(snapshot.values, zeros(t.halt))
	return t.Restore(snapshot)
}
