package model

import (
	"fmt"
	"maps"
	"slices"

	"gorgonia.org/tensor"
)

// Tensors gives each parameter's values as a tensor, by name. They share the weights' memory.
func (w *Weights) Tensors() map[string]*tensor.Dense {
	tensors := map[string]*tensor.Dense{}
	for p, values := range w.All() {
		tensors[p.Name] = tensor.New(tensor.WithShape(p.Shape...), tensor.WithBacking(values))
	}
	return tensors
}

// FromTensors copies a tensor for each parameter, by name, into new weights. None may be missing or left over.
func (m *Model) FromTensors(tensors map[string]*tensor.Dense) (*Weights, error) {
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

// values are the elements of a tensor, row-major, and its shape.
type values struct {
	shape    []int
	elements []float32
}

// gather copies each parameter's values, by name, into new weights.
func (m *Model) gather(all map[string]values) (*Weights, error) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if _, err := m.param(name); err != nil {
			return nil, err
		}
	}
	w := m.NewWeights()
	for p, parameter := range w.All() {
		v, ok := all[p.Name]
		if !ok {
			return nil, fmt.Errorf("the parameter %q %v is missing", p.Name, p.Shape)
		}
		if !slices.Equal(v.shape, p.Shape) {
			return nil, fmt.Errorf("tensor %q is %v, the model's parameter is %v", p.Name, v.shape, p.Shape)
		}
		copy(parameter, v.elements)
	}
	return w, nil
}
