package model

import (
	"fmt"
	"iter"
	"slices"
)

// Weights are values for a model's parameters: drawn by its initializers, read from a file or downloaded from a training.
type Weights struct {
	model    *Model
	padded   []float32 // zero between the parameters
	checksum string
}

// NewWeights returns weights that are all zero.
func (m *Model) NewWeights() *Weights { return &Weights{model: m, padded: make([]float32, m.padded)} }

// WeightsIn are weights that lie in padded, which holds them as [Weights.Padded] does: they share its memory.
func (m *Model) WeightsIn(padded []float32) (*Weights, error) {
	if len(padded) != m.padded {
		return nil, fmt.Errorf("model: weights in %d values; %s has %d, padding included", len(padded), m.Name, m.padded)
	}
	return &Weights{model: m, padded: padded}, nil
}

// InitialWeights draws the parameters' first values. The same seed draws the same values.
func (m *Model) InitialWeights(seed uint64) *Weights {
	w := m.NewWeights()
	for i, p := range m.Params {
		p.Draw(w.of(p), seed, uint64(i))
	}
	return w
}

// Model is the model that they are weights of.
func (w *Weights) Model() *Model { return w.model }

// Checksum is that of the file that they were read from, which agreed; empty if they are of no file, or of one that has none.
func (w *Weights) Checksum() string { return w.checksum }

// Count is the number of values of all parameters together.
func (w *Weights) Count() int { return w.model.ParamCount() }

// Values returns the values of the parameter of that name, such as "conv2d/kernel", row-major. Writing to them changes the weights.
func (w *Weights) Values(name string) ([]float32, error) {
	p, err := w.model.Param(name)
	if err != nil {
		return nil, err
	}
	return w.of(p), nil
}

// All yields each parameter, in the order of the model's Params, with its values.
func (w *Weights) All() iter.Seq2[*Param, []float32] {
	return func(yield func(*Param, []float32) bool) {
		for _, p := range w.model.Params {
			if !yield(p, w.of(p)) {
				return
			}
		}
	}
}

// Padded returns the values as a buffer that [Model.ParamBuffer] made holds them, which is how they are uploaded and downloaded: more
// than Count, because each parameter begins at a multiple of 64 and the gaps between them are zeros. Writing to them changes the
// weights.
func (w *Weights) Padded() []float32 { return w.padded }

// Check says why these cannot be the weights of a model: it must have the same parameters, by name and shape.
func (w *Weights) Check(m *Model) error {
	if len(w.model.Params) != len(m.Params) {
		return fmt.Errorf("the weights are those of %d parameters; the model has %d", len(w.model.Params), len(m.Params))
	}
	for i, p := range m.Params {
		if other := w.model.Params[i]; other.Name != p.Name || !slices.Equal(other.Shape, p.Shape) {
			return fmt.Errorf("the weights have a parameter %q %v where the model has %q %v", other.Name, other.Shape, p.Name, p.Shape)
		}
	}
	return nil
}

// For returns the same values as weights of another model with the same parameters, by name and shape; see [Weights.Check].
func (w *Weights) For(m *Model) (*Weights, error) {
	if w.model == m {
		return w, nil
	}
	if err := w.Check(m); err != nil {
		return nil, err
	}
	other := m.NewWeights()
	other.checksum = w.checksum
	for i, p := range m.Params {
		copy(other.of(p), w.of(w.model.Params[i]))
	}
	return other, nil
}

func (w *Weights) of(p *Param) []float32 {
	end := p.offset + p.Shape.Elements()
	return w.padded[p.offset:end:end]
}
