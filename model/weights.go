package model

import (
	"fmt"
	"maps"
	"slices"

	"gorgonia.org/tensor"

	"cnn-gpu/internal/wording"
	"cnn-gpu/model/safetensors"
)

// ModelKey is the key of a weights file's metadata that holds the model as YAML.
const ModelKey = "cnn-gpu.model"

// SaveWeights writes the weights, in the layout of m.Weights, to a safetensors file: each parameter as a tensor of its own,
// named "conv2d/kernel" and laid out as in Keras (kernels of convolutions [R S C K], of dense layers [C K]). The metadata gets
// the model itself, so that [LoadWeights] needs nothing else.
func (m *Model) SaveWeights(path string, w []float32, metadata map[string]string) error {
	if err := m.checkWeights(w); err != nil {
		return err
	}
	text := m.YAML()
	if _, err := Parse("the model as YAML", text); err != nil {
		return fmt.Errorf("model: %s: this model cannot be written: %w", path, err)
	}
	f := &safetensors.File{Metadata: map[string]string{}}
	maps.Copy(f.Metadata, metadata)
	f.Metadata[ModelKey] = string(text)
	for _, p := range m.Params {
		f.Tensors = append(f.Tensors, safetensors.Tensor{
			Name: p.Name, DType: safetensors.F32, Shape: p.Shape, Float32: p.of(w),
		})
	}
	if err := safetensors.Write(path, f); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	return nil
}

// LoadWeights reads a file that SaveWeights wrote: the model, its weights in the layout of its Weights, and the metadata.
func LoadWeights(path string) (*Model, []float32, map[string]string, error) {
	f, err := safetensors.Read(path)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("model: %w", err)
	}
	text, ok := f.Metadata[ModelKey]
	if !ok {
		return nil, nil, nil, fmt.Errorf("model: %s holds tensors but no model (metadata %q); load it into a model that is there", path, ModelKey)
	}
	m, err := Parse(path+": metadata "+ModelKey, []byte(text))
	if err != nil {
		return nil, nil, nil, err
	}
	w, err := m.fromFile(path, f)
	return m, w, f.Metadata, err
}

// LoadWeights reads the model's weights from a safetensors file, whoever wrote it: it must hold each parameter under its name
// and with its shape, and nothing else. It returns them in the layout of m.Weights, with the file's metadata.
func (m *Model) LoadWeights(path string) ([]float32, map[string]string, error) {
	f, err := safetensors.Read(path)
	if err != nil {
		return nil, nil, fmt.Errorf("model: %w", err)
	}
	w, err := m.fromFile(path, f)
	return w, f.Metadata, err
}

// values are the elements of a tensor, row-major, and its shape.
type values struct {
	shape    []int
	elements []float32
}

func (m *Model) fromFile(path string, f *safetensors.File) ([]float32, error) {
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
	return w, nil
}

// Tensors gives the weights, in the layout of m.Weights, as a tensor for each parameter, by name. They share w's memory.
func (m *Model) Tensors(w []float32) (map[string]*tensor.Dense, error) {
	if err := m.checkWeights(w); err != nil {
		return nil, err
	}
	tensors := map[string]*tensor.Dense{}
	for _, p := range m.Params {
		tensors[p.Name] = tensor.New(tensor.WithShape(p.Shape...), tensor.WithBacking(p.of(w)))
	}
	return tensors, nil
}

func (m *Model) checkWeights(w []float32) error {
	if len(w) != m.Weights.Elements() {
		return fmt.Errorf("model: there are %d weights; the model has %d (its parameters and the gaps between them)",
			len(w), m.Weights.Elements())
	}
	return nil
}

// FromTensors copies a tensor for each parameter, by name, into the layout of m.Weights. None may be missing or left over.
func (m *Model) FromTensors(tensors map[string]*tensor.Dense) ([]float32, error) {
	all := map[string]values{}
	for name, t := range tensors {
		elements, ok := t.Data().([]float32)
		if !ok {
			return nil, fmt.Errorf("model: tensor %q holds %v%v; weights are float32 and no scalars", name, t.Dtype(), []int(t.Shape()))
		}
		all[name] = values{t.Shape(), rowMajor(elements, t.Shape(), t.Strides())}
	}
	w, err := m.gather(all)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return w, nil
}

// rowMajor is the elements of a tensor that may be transposed or a part of another.
func rowMajor(elements []float32, shape, strides []int) []float32 {
	if len(shape) == 0 {
		return elements[:1]
	}
	var list []float32
	for i := range shape[0] {
		list = append(list, rowMajor(elements[i*strides[0]:], shape[1:], strides[1:])...)
	}
	return list
}

// gather copies each parameter's values, by name, into the layout of Weights.
func (m *Model) gather(all map[string]values) ([]float32, error) {
	var names []string
	for _, p := range m.Params {
		names = append(names, p.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("the model has no parameter %q; %s", name, wording.Choose(name, names))
		}
	}
	w := make([]float32, m.Weights.Elements())
	for _, p := range m.Params {
		v, ok := all[p.Name]
		if !ok {
			return nil, fmt.Errorf("the parameter %q %v is missing", p.Name, p.Shape)
		}
		if !slices.Equal(v.shape, p.Shape) {
			return nil, fmt.Errorf("tensor %q is %v, the model's parameter is %v", p.Name, v.shape, p.Shape)
		}
		copy(p.of(w), v.elements)
	}
	return w, nil
}

// of is the parameter's part of weights or gradients in the layout of the model's Weights.
func (p *Param) of(w []float32) []float32 {
	_, offset := p.Value.Root()
	end := offset + p.Shape.Elements()
	return w[offset:end:end]
}
