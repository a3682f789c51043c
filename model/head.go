package model

import (
	"errors"
	"fmt"
)

// heads is a layer that can give another number of outputs: one of a classifier's ends.
type heads interface{ withOutputs(n int) Spec }

func (s Dense) withOutputs(n int) Spec  { s.Units = n; return s }
func (s Conv2D) withOutputs(n int) Spec { s.Filters = n; return s }

// Head is the name of the last layer with parameters, a Dense or a Conv2D, behind which the model only reshapes, pools and activates: the one that tells
// the classes apart.
func (m *Model) Head() (string, error) {
	l, err := m.head()
	if err != nil {
		return "", fmt.Errorf("model: %w", err)
	}
	return l.Name, nil
}

func (m *Model) head() (layerNodes, error) {
	layers := map[*Node]layerNodes{}
	for _, l := range m.layers() {
		layers[l.output] = l
	}
	for n := m.Output; n != m.Input; {
		l := layers[n]
		switch _, isHead := l.Spec.(heads); {
		case isHead:
			return l, nil
		case len(l.Layer.Params()) > 0:
			return l, fmt.Errorf("the last layer with parameters, %s %q, is no Dense or Conv2D, so that it cannot be replaced; write a model file with another end", l.Spec.Kind(), l.Name)
		case len(l.Inputs) != 1:
			return l, fmt.Errorf("the end of the model, %s %q, takes several layers' outputs, so that none is the last; write a model file with another end", l.Spec.Kind(), l.Name)
		}
		n = l.Inputs[0]
	}
	return layerNodes{}, errors.New("no layer has parameters, so that there is none to replace")
}

// WithHead returns the model with another number of outputs, such as for other classes: its [Model.Head] has as many units or filters, and is not frozen.
func (m *Model) WithHead(outputs int) (*Model, error) {
	if outputs < 1 {
		return nil, fmt.Errorf("model: a last layer of %d units; give at least 1", outputs)
	}
	head, err := m.head()
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	again, err := m.rebuilt(func(l layerNodes) (Spec, bool) {
		if l.Node == head.Node {
			return l.Spec.(heads).withOutputs(outputs), false
		}
		return l.Spec, l.Frozen
	})
	if err == nil && again.Output.Shape.Elements() != outputs {
		return nil, fmt.Errorf("model: with %d units in its last layer, %q, the model's output is %v; write a model file with another end", outputs, head.Name, again.Output.Shape)
	}
	return again, err
}
