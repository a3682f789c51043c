package model

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"cnn-gpu/internal/wording"
)

// maxFilled is the most values that blocks may be filled with in one file: far more than the layers of a model have, and few enough that a
// short file does not take long.
const maxFilled = 1 << 17

// blockFields are the fields of a block, and what each is.
var blockFields = wording.Table[string, string]{
	{Word: "with", Value: "its parameters, each with its default, or with none if it must be given: `{filters, strides: 1}`. None if not given"},
	{Word: "layers", Value: "a list of layers, as the file's; `input` is the block's input, and the last layer its output"},
}

// block is a list of layers that a file defines once, with a name by which the layers below and other blocks use it.
type block struct {
	name       string
	key        *yaml.Node // its name in the file
	parameters []string
	defaults   map[string]*yaml.Node // nil for one that must be given
	layers     []*yaml.Node

	isUsed bool
}

// parseBlocks reads the blocks of a file in their order.
func parseBlocks(n *yaml.Node) ([]*block, error) {
	fields, err := pairs(n, "blocks", "name: {layers: [...]}")
	if err != nil {
		return nil, err
	}
	var blocks []*block
	for _, f := range fields {
		name := f.key.Value
		if err := checkName(name); err != nil {
			return nil, errorAt(f.key, "block %q: %w", name, err)
		}
		if _, ok := kinds.Row(name); ok {
			return nil, errorAt(f.key, "block %q: a layer has this name; give the block another", name)
		}
		b, err := parseBlock(f.key, f.value)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, b)
	}
	return blocks, nil
}

func parseBlock(key, value *yaml.Node) (*block, error) {
	b := &block{name: key.Value, key: key, defaults: map[string]*yaml.Node{}}
	what := "block " + b.name
	fields, err := mapping(value, what, blockFields.Words())
	if err != nil {
		return nil, err
	}
	if layers := fields["layers"]; layers == nil {
		return nil, errorAt(key, "%s needs the field layers", what)
	} else if b.layers, err = layerList(layers); err != nil {
		return nil, err
	}
	if with := fields["with"]; with != nil {
		if err := b.parseParameters(with); err != nil {
			return nil, err
		}
	}
	return b, b.checkMentions()
}

var parameterName = regexp.MustCompile(`^[A-Za-z]\w*$`)

func (b *block) parseParameters(with *yaml.Node) error {
	list, err := pairs(with, "with", "filters: 64")
	if err != nil {
		return err
	}
	for _, p := range list {
		name := p.key.Value
		if !parameterName.MatchString(name) {
			return errorAt(p.key, "the parameter %s; expected a name of letters, digits and _ that begins with a letter", describe(p.key))
		}
		if _, ok := layerFields.Row(name); ok {
			return errorAt(p.key, "the parameter %s; every layer has this field: give the parameter another name", name)
		}
		b.parameters = append(b.parameters, name)
		if b.defaults[name] = p.value; isNull(p.value) {
			b.defaults[name] = nil
		}
	}
	return nil
}

// checkMentions holds what the block's layers mention against its parameters.
func (b *block) checkMentions() error {
	mentioned := map[string]bool{}
	for _, n := range b.layers {
		if _, fields, err := layerEntry(n); err == nil { // a layer that is none is refused where the block is used
			if err := b.mentions(fields, mentioned); err != nil {
				return err
			}
		}
	}
	for _, p := range b.parameters {
		if !mentioned[p] {
			return errorAt(b.key, "block %s never uses its parameter %s; write $%s where its value belongs, or leave it out", b.name, p, p)
		}
	}
	return nil
}

func (b *block) mentions(n *yaml.Node, mentioned map[string]bool) error {
	name, _, err := mention(n)
	if err != nil {
		return err
	}
	if name != "" {
		if _, ok := b.defaults[name]; !ok {
			choice := "it has none; add " + fmt.Sprintf("with: {%s}", name)
			if len(b.parameters) > 0 {
				choice = wording.Choose(name, b.parameters)
			}
			return errorAt(n, "%s: block %s has no parameter %q; %s", n.Value, b.name, name, choice)
		}
		mentioned[name] = true
	}
	for _, child := range n.Content {
		if err := b.mentions(child, mentioned); err != nil {
			return err
		}
	}
	return nil
}

// mentioned is a parameter, or a multiple of one.
var mentioned = regexp.MustCompile(`^(?:(\d+) ?\* ?)?\$(\w+)$`)

// mention is the parameter that a value mentions, and the factor in front of it, 0 if there is none; no name if it mentions none.
func mention(n *yaml.Node) (name string, factor int, err error) {
	if n.Kind != yaml.ScalarNode || !strings.Contains(n.Value, "$") {
		return "", 0, nil
	}
	m := mentioned.FindStringSubmatch(n.Value)
	if m == nil {
		return "", 0, errorAt(n, "found %s; expected a parameter as $name, or a whole multiple of one as 4*$name", describe(n))
	}
	if m[1] != "" {
		if factor, err = strconv.Atoi(m[1]); err != nil || factor < 1 || factor > maxElements {
			return "", 0, errorAt(n, "found %s; expected a factor from 1 to %d", describe(n), maxElements)
		}
	}
	return m[2], factor, nil
}

// filler puts the values of parameters in the places where a block mentions them.
type filler struct{ values int }

// fill returns n with each mention of a parameter replaced by its value, which keeps the place in the file that it comes from.
func (f *filler) fill(n *yaml.Node, values map[string]*yaml.Node) (*yaml.Node, error) {
	if f.values++; f.values > maxFilled {
		return nil, errorAt(n, "the blocks make more than %s values of layers; a model has far fewer", wording.English.Sprint(maxFilled))
	}
	name, factor, err := mention(n)
	if err != nil {
		return nil, err
	}
	if name != "" {
		value := values[name]
		f.values += len(value.Content)
		if factor == 0 {
			return value, nil
		}
		v, ok := whole(value)
		if !ok || v < 1 || v > maxElements/factor {
			return nil, errorAt(value, "%s is %s, of which %s is no product; expected a whole number from 1 to %d", name, describe(value), n.Value, maxElements/factor)
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Value: strconv.Itoa(factor * v), Line: value.Line, Column: value.Column}, nil
	}
	filled := *n
	filled.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		if filled.Content[i], err = f.fill(child, values); err != nil {
			return nil, err
		}
	}
	return &filled, nil
}
