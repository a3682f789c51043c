package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"cnn-gpu/internal/wording"
)

// builder builds the graph of a file's layers.
type builder struct {
	*Graph
	filler
	blocks []*block
	used   []string // the names by which blocks are used
	last   *Node
	places map[string]place // of each layer
}

// place is where a layer stands: in which list of the file, and for which use of it.
type place struct {
	node *yaml.Node
	list *list
}

// list is a list of layers while it is built: the file's, or a block's where it is used.
type list struct {
	prefix   string // of the names of its layers
	input    *Node
	isFrozen bool

	// None of the file's.
	block  *block
	values map[string]*yaml.Node // of the block's parameters
	use    *yaml.Node
	in     *list
}

// explain adds to an error, which has a place in the file, for which use of which block it stands.
func (l *list) explain(err error) error {
	var at *positionError
	if errors.As(err, &at) {
		for ; l.block != nil; l = l.in {
			at.err = fmt.Errorf("%w; in the block %s, used in line %d", at.err, l.block.name, l.use.Line)
		}
	}
	return err
}

// connect builds the graph of the layers.
func connect(input Shape, blocks []*block, layers []*yaml.Node) (*Model, error) {
	b := &builder{Graph: NewGraph(input), blocks: blocks, places: map[string]place{}}
	b.last = b.Input()
	if err := b.build(&list{input: b.last}, layers); err != nil {
		return nil, err
	}
	for _, block := range blocks {
		if !block.isUsed {
			return nil, errorAt(block.key, "nothing uses the block %s; use it or leave it out", block.name)
		}
	}
	m, err := b.model(b.last)
	var unused *unusedError
	if errors.As(err, &unused) {
		p := b.places[unused.node.LayerName()]
		return nil, p.list.explain(at(p.node, err))
	}
	return m, err
}

// build adds the layers of a list to the graph.
func (b *builder) build(l *list, layers []*yaml.Node) error {
	for _, n := range layers {
		parsed, err := b.parse(l, n)
		if err != nil {
			return l.explain(err)
		}
		for i := range parsed.repeat {
			inputs := []*Node{b.last}
			if i == 0 && parsed.inputs != nil {
				if inputs, err = b.named(l, parsed.inputs); err != nil {
					return l.explain(err)
				}
			}
			name := l.prefix + numbered(parsed.name, i)
			if parsed.name == "" {
				name = b.freeName(l.prefix + snake(parsed.kind()))
			}
			if parsed.block != nil {
				err = b.addBlock(&list{prefix: name + "/", isFrozen: parsed.isFrozen || l.isFrozen, block: parsed.block, values: parsed.values, use: n, in: l}, name, inputs)
			} else {
				err = b.addLayer(&parsed, name, inputs, place{n, l})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// addLayer adds a layer to the graph.
func (b *builder) addLayer(l *parsedLayer, name string, inputs []*Node, p place) (err error) {
	if p.list.block != nil && name == p.list.prefix+b.Input().Name {
		err = errTaken
	} else {
		b.last, err = b.layer(name, l.spec, l.isFrozen || p.list.isFrozen, inputs)
	}
	if err != nil {
		return p.list.explain(errorAt(p.node, "%s %q: %w", l.kind(), name, err))
	}
	b.places[name] = p
	return nil
}

// addBlock adds the layers of a block to the graph.
func (b *builder) addBlock(l *list, name string, inputs []*Node) error {
	err := checkLayerName(name)
	switch {
	case err == nil && len(inputs) != 1:
		err = fmt.Errorf("a block takes 1 input, got %d", len(inputs))
	case err == nil && (b.names[name] != nil || l.in.block != nil && name == l.in.prefix+b.Input().Name):
		err = errTaken
	}
	if err != nil {
		return l.in.explain(errorAt(l.use, "block %s %q: %w", l.block.name, name, err))
	}
	l.block.isUsed = true
	l.input, b.last = inputs[0], inputs[0]
	if err := b.build(l, l.block.layers); err != nil {
		return err
	}
	b.names[name] = b.last
	b.used = append(b.used, name)
	return nil
}

// parse reads a layer of a list.
func (b *builder) parse(l *list, n *yaml.Node) (parsedLayer, error) {
	key, fields, err := layerEntry(n)
	if err == nil && l.block != nil {
		fields, err = b.fill(fields, l.values)
	}
	if err != nil {
		return parsedLayer{}, err
	}
	isNamed := func(block *block) bool { return block.name == key.Value }
	i, inside := slices.IndexFunc(b.blocks, isNamed), slices.Index(b.blocks, l.block)
	switch {
	case i < 0:
		return parseLayer(key, fields, b.blocks)
	case i == inside:
		return parsedLayer{}, errorAt(key, "block %s uses itself", key.Value)
	case l.block != nil && i > inside:
		return parsedLayer{}, errorAt(key, "block %s stands below block %s, which uses it; define it above", key.Value, l.block.name)
	}
	return parseUse(key, fields, b.blocks[i])
}

// named finds the nodes that a list of names stands for.
func (b *builder) named(l *list, names *yaml.Node) ([]*Node, error) {
	items := []*yaml.Node{names}
	if names.Kind == yaml.SequenceNode {
		items = names.Content
	}
	var nodes []*Node
	for _, item := range items {
		name, err := str(item, "inputs")
		if err != nil {
			return nil, err
		}
		n := b.names[l.prefix+name]
		if name == b.Input().Name {
			n = l.input
		}
		if n == nil || n.Name == l.prefix+name && n.LayerName() != n.Name {
			return nil, errorAt(item, "no layer before this one is named %q; %s", name, wording.Choose(name, b.known(l)))
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

// known are the names that the inputs of a layer may have.
func (b *builder) known(l *list) []string {
	names := slices.Clone(b.used)
	for _, n := range b.nodes[1:] {
		if n.LayerName() == n.Name {
			names = append(names, n.Name)
		}
	}
	known := []string{b.Input().Name}
	for _, name := range names {
		if name, ok := strings.CutPrefix(name, l.prefix); ok {
			known = append(known, name)
		}
	}
	return known
}
