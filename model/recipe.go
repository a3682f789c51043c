package model

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The sections of a model file that say how its model is trained, for the program that trains it.
const (
	DataSection  = "data"
	TrainSection = "train"
)

// Setting is a key of such a section, or what stands under the word of one. The model knows no more of its meaning.
type Setting struct {
	Section string // DataSection or TrainSection
	Key     string
	// Text is a word, a number, or a list with commas in between, in which {crop: {padding: 4}} is crop:padding=4. It is empty for a mapping
	// of words to numbers.
	Text    string
	Options []Setting // of a word, as momentum in {sgd: {momentum: 0.9}}, or the mapping's

	file         string
	line, column int
}

// Errorf is an error that begins with the place of the setting: "model: net.yaml:7:3: ...".
func (s Setting) Errorf(format string, args ...any) error {
	return fmt.Errorf("model: %s:%w", s.file, &positionError{s.line, s.column, fmt.Errorf(format, args...)})
}

// Line is the value with its options on one line: "one-cycle,peak=0.4", or of a mapping alone "cat:2,dog:0.5".
func (s Setting) Line() string {
	var words []string
	between := ":"
	if s.Text != "" {
		words, between = append(words, s.Text), "="
	}
	for _, o := range s.Options {
		words = append(words, o.Key+between+o.Text)
	}
	return strings.Join(words, ",")
}

// Recipe lists what the sections data and train of a model of the zoo, or of a model file, set, in their order.
func Recipe(nameOrFile string) ([]Setting, error) {
	text, err := ZooText(nameOrFile)
	name := nameOrFile + ".yaml"
	if err != nil {
		name = nameOrFile
		var content []byte
		if content, err = readFile(nameOrFile); err != nil {
			return nil, err
		}
		text = string(content)
	}
	return ParseRecipe(name, []byte(text))
}

// ParseRecipe is [Recipe] of the text of a model file.
func ParseRecipe(name string, text []byte) ([]Setting, error) {
	settings, err := parseRecipe(text)
	if err != nil {
		return nil, inFile(name, err)
	}
	for i := range settings {
		settings[i].in(name)
	}
	return settings, nil
}

// in notes the file of a setting and its options.
func (s *Setting) in(file string) {
	s.file = file
	for i := range s.Options {
		s.Options[i].in(file)
	}
}

func parseRecipe(text []byte) ([]Setting, error) {
	_, top, err := fileMapping(text)
	if err != nil {
		return nil, err
	}
	var settings []Setting
	for _, section := range []string{DataSection, TrainSection} {
		if top[section] == nil {
			continue
		}
		list, err := settingsOf(top[section], section)
		if err != nil {
			return nil, err
		}
		settings = append(settings, list...)
	}
	return settings, nil
}

// settingsOf are the keys of a section.
func settingsOf(n *yaml.Node, section string) ([]Setting, error) {
	fields, err := settingPairs(n, section, settingExamples[section])
	if err != nil {
		return nil, err
	}
	var settings []Setting
	for _, f := range fields {
		s := Setting{Section: section, Key: f.key.Value, line: f.key.Line, column: f.key.Column}
		if err := s.read(f.value); err != nil {
			return nil, err
		}
		settings = append(settings, s)
	}
	return settings, nil
}

var settingExamples = map[string]string{DataSection: "augment: [flip, crop]", TrainSection: "epochs: 30"}

// read reads the value of a section's key.
func (s *Setting) read(n *yaml.Node) (err error) {
	switch {
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0:
		var items []string
		for _, item := range n.Content {
			text, err := itemText(item, s.Key)
			if err != nil {
				return err
			}
			items = append(items, text)
		}
		s.Text = strings.Join(items, ",")
	case n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[1].Kind == yaml.MappingNode:
		s.Text = n.Content[0].Value
		s.Options, err = options(n.Content[1], s.Text)
	case n.Kind == yaml.MappingNode:
		s.Options, err = options(n, s.Key)
	default:
		s.Text, err = one(n, s.Key)
	}
	return err
}

// itemText is an item of a list on one line: a word, or a word and what it is set to behind colons.
func itemText(n *yaml.Node, what string) (string, error) {
	if n.Kind == yaml.ScalarNode {
		return one(n, what)
	}
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
		return "", errorAt(n, "an item of %s is %s; expected a word, or one with its settings, such as crop: {padding: 4}", what, describe(n))
	}
	word, value := n.Content[0].Value, n.Content[1]
	if value.Kind != yaml.MappingNode {
		text, err := one(value, word)
		return word + ":" + text, err
	}
	list, err := options(value, word)
	for _, o := range list {
		word += ":" + o.Key + "=" + o.Text
	}
	return word, err
}

// options are the keys of a mapping whose values are words and numbers.
func options(n *yaml.Node, what string) ([]Setting, error) {
	fields, err := settingPairs(n, what, "momentum: 0.9")
	var list []Setting
	for _, f := range fields {
		text, err := one(f.value, f.key.Value)
		if err != nil {
			return nil, err
		}
		list = append(list, Setting{Key: f.key.Value, Text: text, line: f.key.Line, column: f.key.Column})
	}
	return list, err
}

// one is a word or a number.
func one(n *yaml.Node, what string) (string, error) {
	if n.Kind != yaml.ScalarNode || isNull(n) || n.Value == "" {
		return "", errorAt(n, "%s is %s; expected a word or a number", what, describe(n))
	}
	return n.Value, nil
}

// settingPairs are the keys and values of a mapping that has some.
func settingPairs(n *yaml.Node, what, such string) ([]keyed, error) {
	list, err := pairs(n, what, such)
	if err == nil && len(list) == 0 {
		err = errorAt(n, "%s is empty; expected fields, such as %s", what, such)
	}
	for _, f := range list {
		if _, err := one(f.key, "a key of "+what); err != nil {
			return nil, err
		}
	}
	return list, err
}

// RecipeText is a file of the model with sections that set what is given, on one line each.
func (m *Model) RecipeText(settings []Setting) []byte {
	text := m.YAML()
	for _, section := range []string{DataSection, TrainSection} {
		fields := &yaml.Node{Kind: yaml.MappingNode}
		for _, s := range settings {
			if s.Section == section {
				value := &yaml.Node{Kind: yaml.ScalarNode, Value: s.Line()}
				if isNull(value) {
					value.Style = yaml.DoubleQuotedStyle
				}
				fields.Content = append(fields.Content, scalar(s.Key), value)
			}
		}
		if len(fields.Content) > 0 {
			text = append(text, encode(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar(section), fields}})...)
		}
	}
	return text
}
