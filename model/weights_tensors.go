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
		elements, err := RowMajor(t)
		if err != nil {
			return nil, fmt.Errorf("model: tensor %q %w", name, err)
		}
		all[name] = values{t.Shape(), elements}
	}
	w, err := m.gather(all)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return w, nil
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
