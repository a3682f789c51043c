package model

import (
	"fmt"

	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
)

// Model is a network: its nodes in an order in which each comes after its inputs, and its parameters.
type Model struct {
	Name   string
	Nodes  []*Node
	Input  *Node
	Output *Node

	Params []*Param

	padded int // elements that the parameters take behind one another, with the gaps between them
	learnt int // of these, the first ones: those of layers that are not frozen
}

// paramAlignment is what each parameter's place is a multiple of, in elements.
const paramAlignment = 64

// placeParams gives each parameter its place among all: those of frozen layers behind the others, so that what is learnt lies together.
func (m *Model) placeParams() error {
	for _, n := range m.Nodes[1:] {
		m.Params = append(m.Params, n.Layer.Params()...)
	}
	m.place(false)
	m.learnt = m.padded
	m.place(true)
	return checkSize("all parameters together", Shape{m.padded})
}

// place gives places to the parameters of the layers that are frozen, or of those that are not.
func (m *Model) place(frozen bool) {
	for _, n := range m.Nodes[1:] {
		if n.Frozen != frozen {
			continue
		}
		for _, p := range n.Layer.Params() {
			p.offset = m.padded
			m.padded += (p.Shape.Elements() + paramAlignment - 1) / paramAlignment * paramAlignment
		}
	}
}

// ParamBuffer returns a kept buffer with a place for each of the model's parameters, such as for the weights of a training: one
// behind the other, so that an optimizer updates them in one op, each from a multiple of 64 elements on. The gaps between them are zeros and stay
// so. Those of frozen layers come last.
func (m *Model) ParamBuffer(name string) *kernels.Buffer {
	return kernels.Kept(name, kernels.Float32, m.padded)
}

// GradientBuffer returns a kept buffer with a place for the gradient of each parameter whose layer is not frozen, or for what an optimizer keeps of
// it: the first ones of ParamBuffer, in their places.
func (m *Model) GradientBuffer(name string) *kernels.Buffer {
	return kernels.Kept(name, kernels.Float32, m.learnt)
}

// paramViews are the parameters' places in a buffer that ParamBuffer or GradientBuffer made, which need not have all.
func (m *Model) paramViews(all *kernels.Buffer, prefix string) map[*Param]*kernels.Buffer {
	views := map[*Param]*kernels.Buffer{}
	for _, p := range m.Params {
		if p.offset >= all.Elements() {
			continue
		}
		views[p] = all.View(prefix+p.Name, p.offset, p.Shape...)
	}
	return views
}

// ParamCount is the number of values of all parameters.
func (m *Model) ParamCount() int { return countParams(m.Params, func(*Param) bool { return true }) }

// NonTrainableCount is the number of values of the parameters that are not learnt by gradients.
func (m *Model) NonTrainableCount() int {
	return countParams(m.Params, func(p *Param) bool { return p.NonTrainable })
}

func countParams(params []*Param, counts func(*Param) bool) (n int) {
	for _, p := range params {
		if counts(p) {
			n += p.Shape.Elements()
		}
	}
	return n
}

// Param finds a parameter by its name, such as "conv2d/kernel".
func (m *Model) Param(name string) (*Param, error) {
	p, err := m.param(name)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return p, nil
}

func (m *Model) param(name string) (*Param, error) {
	var names []string
	for _, p := range m.Params {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return nil, fmt.Errorf("the model has no parameter %q; %s", name, wording.Choose(name, names))
}

// Logits is the node in front of the softmax that the model ends with; ok is false if it ends otherwise.
func (m *Model) Logits() (n *Node, ok bool) {
	if _, ok := m.Output.Layer.(softmax); !ok {
		return nil, false
	}
	return m.Output.Inputs[0], true
}

// BinaryLogits is the node in front of the sigmoid that the model ends with; ok is false if it ends otherwise.
func (m *Model) BinaryLogits() (n *Node, ok bool) {
	if a, isActivation := m.Output.Layer.(activation); !isActivation || a.function.Function != kernels.Sigmoid {
		return nil, false
	}
	return m.Output.Inputs[0], true
}

// Node finds a layer by its name.
func (m *Model) Node(name string) (*Node, error) {
	for _, n := range m.Nodes {
		if n.Name == name {
			return n, nil
		}
	}
	return nil, fmt.Errorf("model: there is no layer %q", name)
}

// LayerOutput finds the node of a layer's output, by the layer's name: it is that of the activation which the layer asks for, if there is one.
func (m *Model) LayerOutput(name string) (*Node, error) {
	var names []string
	for _, l := range m.layers() {
		if l.Name == name {
			return l.output, nil
		}
		names = append(names, l.Name)
	}
	return nil, fmt.Errorf("model: there is no layer %q; %s", name, wording.Choose(name, names))
}
