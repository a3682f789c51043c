package model

import (
	"fmt"

	"cnn-gpu/kernels"
)

// Model is a network: its nodes in an order in which each comes after its inputs, and its parameters.
type Model struct {
	Name   string
	Nodes  []*Node
	Input  *Node
	Output *Node

	Params    []*Param
	Weights   *kernels.Buffer // all parameters behind one another, so that an optimizer updates them in one op
	Gradients *kernels.Buffer
}

// paramAlignment is what each parameter's place in Weights is a multiple of, in elements.
const paramAlignment = 64

// placeParams gives each parameter its place in Weights and Gradients. The gaps between them stay zero.
func (m *Model) placeParams() error {
	var offsets []int
	size := 0
	for _, n := range m.Nodes[1:] {
		for _, p := range n.Layer.Params() {
			m.Params = append(m.Params, p)
			offsets = append(offsets, size)
			size += (p.Shape.Elements() + paramAlignment - 1) / paramAlignment * paramAlignment
		}
	}
	if err := checkSize("all parameters together", Shape{size}); err != nil {
		return err
	}
	m.Weights = kernels.Kept("weights", kernels.Float32, size)
	m.Gradients = kernels.Kept("gradients", kernels.Float32, size)
	for i, p := range m.Params {
		p.Value = m.Weights.View(p.Name, offsets[i], p.Shape...)
		p.Gradient = m.Gradients.View("d "+p.Name, offsets[i], p.Shape...)
	}
	return nil
}

// ParamCount is the number of trainable values.
func (m *Model) ParamCount() int {
	n := 0
	for _, p := range m.Params {
		n += p.Shape.Elements()
	}
	return n
}

// InitialWeights draws the parameters' first values, in the layout of Weights. The same seed draws the same values.
func (m *Model) InitialWeights(seed uint64) []float32 {
	w := make([]float32, m.Weights.Elements())
	for i, p := range m.Params {
		p.Draw(p.of(w), seed, uint64(i))
	}
	return w
}

// Logits is the node in front of the softmax that the model ends with; ok is false if it ends otherwise.
func (m *Model) Logits() (n *Node, ok bool) {
	if _, ok := m.Output.Layer.(softmax); !ok {
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
