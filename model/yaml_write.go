package model

import (
	"bytes"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"
)

// YAML writes the model as a file that [Parse] reads: what is as by default is left out.
func (m *Model) YAML() []byte {
	layers := &yaml.Node{Kind: yaml.SequenceNode}
	automatic := &Graph{names: map[string]*Node{}, next: map[string]int{}}
	before := m.Input
	for _, l := range m.layers() {
		fields := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
		set := func(key string, value *yaml.Node) {
			fields.Content = append(fields.Content, scalar(key), value)
		}
		if l.Name != automatic.freeName(snake(l.Spec.Kind())) {
			set("name", scalar(l.Name))
		}
		for _, f := range specFields(reflect.Indirect(reflect.ValueOf(l.Spec))) {
			if !f.optional || !f.value.IsZero() {
				set(f.key, f.encode())
			}
		}
		if !slices.Equal(l.Inputs, []*Node{before}) {
			inputs := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
			for _, in := range l.Inputs {
				inputs.Content = append(inputs.Content, scalar(in.LayerName()))
			}
			set("inputs", inputs)
		}
		if l.Frozen {
			set("trainable", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "false"})
		}
		layer := scalar(l.Spec.Kind())
		if len(fields.Content) > 0 {
			layer = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{layer, fields}}
		}
		layers.Content = append(layers.Content, layer)
		automatic.names[l.Name] = l.Node
		before = l.output
	}
	top := &yaml.Node{Kind: yaml.MappingNode}
	if m.Name != "" {
		top.Content = append(top.Content, scalar("name"), scalar(m.Name))
	}
	input := specField{value: reflect.ValueOf([]int(m.Input.Shape))}.encode()
	top.Content = append(top.Content, scalar("input"), input, scalar("layers"), layers)

	return encode(top)
}

// encode writes a tree of mappings, lists and words.
func encode(n *yaml.Node) []byte {
	var text bytes.Buffer
	e := yaml.NewEncoder(&text)
	e.SetIndent(2)
	// Such a tree always encodes, and the buffer takes all that is written.
	_ = e.Encode(n)
	_ = e.Close()
	return text.Bytes()
}

func scalar(text string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(text)
	return n
}

// layerNodes is a layer's node and the node of its output: its activation, if it has one, else itself.
type layerNodes struct {
	*Node
	output *Node
}

// layers lists the layers that the model was built from.
func (m *Model) layers() []layerNodes {
	var list []layerNodes
	for _, n := range m.Nodes[1:] {
		if n.Spec != nil {
			list = append(list, layerNodes{n, n})
		} else {
			list[len(list)-1].output = n
		}
	}
	return list
}
