package model

import (
	"fmt"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"cnn-gpu/internal/wording"
)

// mapping is the values of a mapping by their keys, which must be known and different.
func mapping(n *yaml.Node, what string, known []string) (map[string]*yaml.Node, error) {
	if n.Kind != yaml.MappingNode {
		return nil, errorAt(n, "%s is %s; expected fields, such as %s: value", what, describe(n), known[0])
	}
	fields := map[string]*yaml.Node{}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if !slices.Contains(known, key.Value) {
			return nil, errorAt(key, "%s has no field %s; %s", what, describe(key), wording.Choose(key.Value, known))
		}
		if fields[key.Value] != nil {
			return nil, errorAt(key, "%s is given twice, first in line %d", key.Value, fields[key.Value].Line)
		}
		fields[key.Value] = value
	}
	return fields, nil
}

// describe says what a value is.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.SequenceNode:
		return fmt.Sprintf("a list of %d", len(n.Content))
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case isNull(n):
		return "empty"
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		return fmt.Sprintf("the text %q", n.Value)
	}
	return strconv.Quote(n.Value)
}

func isNull(n *yaml.Node) bool { return n.ShortTag() == "!!null" }

func str(n *yaml.Node, key string) (string, error) {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		return "", errorAt(n, "%s is %s; expected a word", key, describe(n))
	}
	return n.Value, nil
}

// integer is a whole number that is at least 1.
func integer(n *yaml.Node, key string) (int, error) {
	v, err := strconv.Atoi(n.Value)
	if n.ShortTag() != "!!int" || err != nil || v < 1 {
		return 0, errorAt(n, "%s is %s; expected a whole number from 1 on", key, describe(n))
	}
	return v, nil
}

func integers(n *yaml.Node, key string) ([]int, error) {
	if n.Kind != yaml.SequenceNode {
		return nil, errorAt(n, "%s is %s; expected a list of whole numbers, such as [28, 28, 1]", key, describe(n))
	}
	var list []int
	for _, item := range n.Content {
		v, err := integer(item, key)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// pair is one whole number for both directions, or a list of two.
func pair(n *yaml.Node, key string) (Pair, error) {
	if n.Kind != yaml.SequenceNode {
		v, err := integer(n, key)
		return Pair{v, v}, err
	}
	list, err := integers(n, key)
	if err != nil {
		return Pair{}, err
	}
	if len(list) != 2 {
		return Pair{}, errorAt(n, "%s is %s; expected one number, or two as [height, width]", key, describe(n))
	}
	return Pair(list), nil
}

func number(n *yaml.Node, key string) (float64, error) {
	v, err := strconv.ParseFloat(n.Value, 64)
	if tag := n.ShortTag(); tag != "!!int" && tag != "!!float" || err != nil {
		return 0, errorAt(n, "%s is %s; expected a number", key, describe(n))
	}
	return v, nil
}

func truth(n *yaml.Node, key string) (v bool, err error) {
	if n.ShortTag() != "!!bool" || n.Decode(&v) != nil {
		return false, errorAt(n, "%s is %s; expected true or false", key, describe(n))
	}
	return v, nil
}

func bias(n *yaml.Node, key string) (Bias, error) {
	use, err := truth(n, key)
	if use {
		return UseBias, err
	}
	return NoBias, err
}

func toggle(n *yaml.Node, key string) (Toggle, error) {
	isOn, err := truth(n, key)
	if isOn {
		return On, err
	}
	return Off, err
}

// axis is that of the channels.
func axis(n *yaml.Node, key string) (Axis, error) {
	v, err := strconv.Atoi(n.Value)
	if n.ShortTag() != "!!int" || err != nil || v != -1 {
		return 0, errorAt(n, "%s is %s; channels are the last axis here: give -1, or leave %s out", key, describe(n), key)
	}
	return Axis(v), nil
}

// word is one of the known words.
func word[T ~string](n *yaml.Node, key string, known []T) (T, error) {
	if n.Kind == yaml.ScalarNode && slices.Contains(known, T(n.Value)) {
		return T(n.Value), nil
	}
	return "", errorAt(n, "%s is %s; %s", key, describe(n), wording.Choose(n.Value, known))
}
