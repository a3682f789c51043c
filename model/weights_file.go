package model

import (
	"fmt"
	"maps"

	"cnn-gpu/model/safetensors"
)

// ModelKey is the key of a weights file's metadata that holds the model as YAML.
const ModelKey = "cnn-gpu.model"

// Save writes the weights to a safetensors file: each parameter as a tensor of its own, named "conv2d/kernel" and laid out as in
// Keras (kernels of convolutions [R S C K], of dense layers [C K]). The metadata gets the model itself, so that [LoadWeights] needs
// nothing else, and a checksum of the whole file.
func (w *Weights) Save(path string, metadata map[string]string) error {
	text := w.model.YAML()
	if _, err := Parse("the model as YAML", text); err != nil {
		return fmt.Errorf("model: %s: this model cannot be written: %w", path, err)
	}
	f := &safetensors.File{Metadata: map[string]string{}}
	maps.Copy(f.Metadata, metadata)
	f.Metadata[ModelKey] = string(text)
	for p, values := range w.All() {
		f.Tensors = append(f.Tensors, safetensors.Tensor{Name: p.Name, DType: safetensors.F32, Shape: p.Shape, Float32: values})
	}
	if err := safetensors.Write(path, f); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	return nil
}

// NoModelError says that a weights file does not say whose weights it holds.
type NoModelError struct{ Path string }

func (e *NoModelError) Error() string {
	return fmt.Sprintf("model: %s holds tensors but no model (metadata %q); load it into a model that is there", e.Path, ModelKey)
}

// LoadWeights reads a file that [Weights.Save] wrote: the weights, which know their model, and the metadata.
func LoadWeights(path string) (*Weights, map[string]string, error) {
	f, err := safetensors.Read(path)
	if err != nil {
		return nil, nil, fmt.Errorf("model: %w", err)
	}
	text, ok := f.Metadata[ModelKey]
	if !ok {
		return nil, nil, &NoModelError{path}
	}
	m, err := Parse(path+": metadata "+ModelKey, []byte(text))
	if err != nil {
		return nil, nil, err
	}
	w, err := m.fromFile(path, f)
	return w, f.Metadata, err
}

// LoadWeights reads the model's weights from a safetensors file, whoever wrote it: it must hold each parameter under its name
// and with its shape, and nothing else. The file's metadata come with them.
func (m *Model) LoadWeights(path string) (*Weights, map[string]string, error) {
	f, err := safetensors.Read(path)
	if err != nil {
		return nil, nil, fmt.Errorf("model: %w", err)
	}
	w, err := m.fromFile(path, f)
	return w, f.Metadata, err
}

func (m *Model) fromFile(path string, f *safetensors.File) (*Weights, error) {
	all := map[string]values{}
	for _, t := range f.Tensors {
		if t.DType != safetensors.F32 {
			return nil, fmt.Errorf("model: %s: tensor %q has type %s; weights have F32", path, t.Name, t.DType)
		}
		all[t.Name] = values{t.Shape, t.Float32}
	}
	w, err := m.gather(all)
	if err != nil {
		return nil, fmt.Errorf("model: %s: %w", path, err)
	}
	w.checksum = f.Checksum
	return w, nil
}
