package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"cnn-gpu/kernels"
	"cnn-gpu/model/safetensors"
)

// The keys of a checkpoint's metadata.
const (
	modelKey     = "model"
	optimizerKey = "optimizer"
	seedKey      = "seed"
	positionKey  = "position"
	historyKey   = "history"
)

// kept lists what a training step changes, and so what a checkpoint holds.
func (t *Trainer) kept() []*kernels.Buffer {
	return append([]*kernels.Buffer{t.weights, t.step, t.totals}, t.state...)
}

// SaveCheckpoint writes all that training changes to a file, atomically, together with metadata of the caller's own. A trainer
// that is compiled alike and loads it ends with the same bits as one that was never interrupted.
func (t *Trainer) SaveCheckpoint(path string, metadata map[string]string) error {
	if t.optimizer == nil {
		return errors.New("train: checkpoint: there is no training to save; give Compile an optimizer")
	}
	file := &safetensors.File{Metadata: t.identity()}
	maps.Copy(file.Metadata, metadata)
	for key, value := range map[string]any{positionKey: t.position, historyKey: t.history} {
		text, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("train: checkpoint: %w", err)
		}
		file.Metadata[key] = string(text)
	}
	for _, b := range t.kept() {
		m := kernels.HostMem(b.Type, b.Elements())
		if err := t.device.Download(m.Values(), b); err != nil {
			return fmt.Errorf("train: checkpoint: %w", err)
		}
		tensor := safetensors.Tensor{Name: b.Name, DType: safetensors.F32, Shape: b.Shape, Float32: m.F32, Int32: m.I32}
		if b.Type == kernels.Int32 {
			tensor.DType = safetensors.I32
		}
		file.Tensors = append(file.Tensors, tensor)
	}
	if err := safetensors.Write(path, file); err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	return nil
}

// identity is what a checkpoint and the trainer that loads it must have in common.
func (t *Trainer) identity() map[string]string {
	return map[string]string{
		modelKey:     string(t.model.YAML()),
		optimizerKey: fmt.Sprintf("%s %+v", t.optimizer.Name(), t.optimizer),
		seedKey:      strconv.FormatUint(t.seed, 10),
	}
}

// LoadCheckpoint puts the trainer where SaveCheckpoint left off: the next Fit goes on from there.
func (t *Trainer) LoadCheckpoint(path string) error {
	if t.optimizer == nil {
		return errors.New("train: checkpoint: there is no training to go on with; give Compile an optimizer")
	}
	file, err := safetensors.Read(path)
	if err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	for key, want := range t.identity() {
		if got := file.Metadata[key]; got != want {
			return fmt.Errorf("train: checkpoint %s: it was taken with another %s:\n%s\nthis training has:\n%s", path, key, got, want)
		}
	}
	var position Position
	var history []Epoch
	for key, value := range map[string]any{positionKey: &position, historyKey: &history} {
		if err := json.Unmarshal([]byte(file.Metadata[key]), value); err != nil {
			return fmt.Errorf("train: checkpoint %s: its %s cannot be read: %w", path, key, err)
		}
	}
	if position.Batch < 0 || position.Fit < 0 || position.Epoch != len(history) {
		return fmt.Errorf("train: checkpoint %s: position %+v does not agree with %d epochs of history", path, position, len(history))
	}
	for _, b := range t.kept() {
		if tensor, _ := file.Tensor(b.Name); len(memory(tensor).F32)+len(memory(tensor).I32) != b.Elements() || (tensor.DType == safetensors.I32) != (b.Type == kernels.Int32) {
			return fmt.Errorf("train: checkpoint %s: it has no %v%v named %q", path, b.Type, b.Shape, b.Name)
		}
	}
	for _, b := range t.kept() {
		tensor, _ := file.Tensor(b.Name)
		if err := t.device.Upload(b, memory(tensor).Values()); err != nil {
			return fmt.Errorf("train: checkpoint: %w", err)
		}
	}
	t.position, t.history = position, history
	return t.clear(t.halt)
}

func memory(t safetensors.Tensor) kernels.Mem { return kernels.Mem{F32: t.Float32, I32: t.Int32} }
