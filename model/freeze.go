package model

import (
	"fmt"
	"path"
	"strings"

	"cnn-gpu/internal/wording"
)

// freeze makes the layer's parameters stay as they are.
func (n *Node) freeze() {
	n.Frozen = true
	for _, p := range n.Layer.Params() {
		p.NonTrainable = true
	}
}

// Freeze returns the same model with exactly those layers frozen, Keras's trainable=False, whose names match one of the patterns, such as "conv*"
// (see [path.Match]); without a pattern none is. Training leaves the parameters of a frozen layer as they are, computes no gradient that is for them
// alone, and keeps no state of the optimizer for them; a [BatchNormalization] normalises by its moving averages then. A pattern that matches no
// layer with parameters is an error. Weights of the one model are those of the other by [Weights.For].
func (m *Model) Freeze(patterns ...string) (*Model, error) {
	matched := map[string]bool{}
	for _, pattern := range patterns {
		found := false
		for _, l := range m.layers() {
			isMatch, err := path.Match(flat(pattern), flat(l.Name))
			if err != nil {
				return nil, fmt.Errorf("model: freeze %q: %w; give a layer's name, in which * stands for any letters and ? for any one", pattern, err)
			}
			if isMatch && len(l.Layer.Params()) > 0 {
				matched[l.Name], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("model: freeze %q: no layer with parameters has such a name; there are %s", pattern, wording.And(m.learners()))
		}
	}
	return m.rebuilt(func(l layerNodes) (Spec, bool) { return l.Spec, matched[l.Name] })
}

// flat makes the slash between a block's name and that of a layer in it a letter like others, so that stage1* is all that is in stage1.
func flat(name string) string { return strings.ReplaceAll(name, "/", ":") }

// Frozen lists the layers that are frozen and have parameters.
func (m *Model) Frozen() (names []string) {
	for _, n := range m.Nodes[1:] {
		if n.Frozen && len(n.Layer.Params()) > 0 {
			names = append(names, n.Name)
		}
	}
	return names
}

// learners are the layers that have parameters.
func (m *Model) learners() (names []string) {
	for _, l := range m.layers() {
		if len(l.Layer.Params()) > 0 {
			names = append(names, l.Name)
		}
	}
	return names
}

// rebuilt is the model anew, with each layer as change has it, and whether it is frozen.
func (m *Model) rebuilt(change func(l layerNodes) (s Spec, frozen bool)) (*Model, error) {
	g := NewGraph(m.Input.Shape)
	nodes := map[*Node]*Node{m.Input: g.Input()}
	for _, l := range m.layers() {
		var inputs []*Node
		for _, in := range l.Inputs {
			inputs = append(inputs, nodes[in])
		}
		s, frozen := change(l)
		last, err := g.layer(l.Name, s, frozen, inputs)
		if err != nil {
			return nil, fmt.Errorf("model: %s %q: %w", s.Kind(), l.Name, err)
		}
		nodes[l.output] = last
	}
	again, err := g.Build(nodes[m.Output])
	if err == nil {
		again.Name = m.Name
	}
	return again, err
}
