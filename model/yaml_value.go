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
	list, err := pairs(n, what, known[0]+": value")
	if err != nil {
		return nil, err
	}
	fields := map[string]*yaml.Node{}
	for _, f := range list {
		if !slices.Contains(known, f.key.Value) {
			return nil, errorAt(f.key, "%s has no field %s; %s", what, describe(f.key), wording.Choose(f.key.Value, known))
		}
		fields[f.key.Value] = f.value
	}
	return fields, nil
}

type keyed struct{ key, value *yaml.Node }

// pairs are the keys and values of a mapping in their order. The keys are different.
func pairs(n *yaml.Node, what, such string) (list []keyed, err error) {
	if n.Kind != yaml.MappingNode {
		return nil, errorAt(n, "%s is %s; expected fields, such as %s", what, describe(n), such)
	}
	first := map[string]*yaml.Node{}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if first[key.Value] != nil {
			return nil, errorAt(key, "%s is given twice, first in line %d", key.Value, first[key.Value].Line)
		}
		first[key.Value] = value
		list = append(list, keyed{key, value})
	}
	return list, nil
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

// whole is a whole number.
func whole(n *yaml.Node) (v int, ok bool) {
	v, err := strconv.Atoi(n.Value)
	return v, n.ShortTag() == "!!int" && err == nil
}

// integer is a whole number that is at least 1.
func integer(n *yaml.Node, key string) (int, error) {
	v, ok := whole(n)
	if !ok || v < 1 {
		return 0, errorAt(n, "%s is %s; expected a whole number from 1 on", key, describe(n))
	}
	return v, nil
}

// axis is a whole number that is not 0, which would be the batch.
func axis(n *yaml.Node, key string) (Axis, error) {
	v, ok := whole(n)
	if !ok || v == 0 {
		return 0, errorAt(n, "%s is %s; expected a whole number other than 0, which is the batch: 1 is the first axis of an example, -1 the last", key, describe(n))
	}
	return Axis(v), nil
}

// axisList is an axis, or a list of them.
func axisList(n *yaml.Node, key string) ([]Axis, error) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode && len(n.Content) > 0 {
		items = n.Content
	}
	var list []Axis
	for _, item := range items {
		a, err := axis(item, key)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// groups is a whole number that is at least 1, or -1.
func groups(n *yaml.Node, key string) (Groups, error) {
	v, ok := whole(n)
	if !ok || v < 1 && v != -1 {
		return 0, errorAt(n, "%s is %s; expected a whole number from 1 on, or -1 for one of each channel", key, describe(n))
	}
	return Groups(v), nil
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

// wholes is a list of whole numbers of either sign.
func wholes(n *yaml.Node, key string) (list []int, err error) {
	isList := n.Kind == yaml.SequenceNode
	for _, item := range n.Content {
		v, ok := whole(item)
		list, isList = append(list, v), isList && ok
	}
	if !isList {
		return nil, errorAt(n, "%s is %s; expected a list of whole numbers, such as [3, -1]", key, describe(n))
	}
	return list, nil
}

// twice is one value for both of two places, or a list of two.
func twice[T any](n *yaml.Node, one func(n *yaml.Node) (T, bool)) (both [2]T, ok bool) {
	if n.Kind != yaml.SequenceNode {
		v, ok := one(n)
		return [2]T{v, v}, ok
	}
	ok = len(n.Content) == len(both)
	for i := range min(len(n.Content), len(both)) {
		v, isOne := one(n.Content[i])
		both[i], ok = v, ok && isOne
	}
	return both, ok
}

// border is one whole number for all sides, [rows, columns] for opposite sides, or [[top, bottom], [left, right]].
func border(n *yaml.Node, key string) (Border, error) {
	b, ok := twice(n, func(n *yaml.Node) ([2]int, bool) { return twice(n, whole) })
	if !ok || b == (Border{}) {
		return Border{}, errorAt(n, "%s is %s; expected a whole number from 1 on, two as [rows, columns], or [[top, bottom], [left, right]] of which not all are 0", key, describe(n))
	}
	return b, nil
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

// pairOrNone is a whole number for both directions, or two, which may be 0; none for null.
func pairOrNone(n *yaml.Node, key string) (*Pair, error) {
	if isNull(n) {
		return nil, nil
	}
	both, ok := twice(n, whole)
	if !ok || min(both[0], both[1]) < 0 {
		return nil, errorAt(n, "%s is %s; expected a whole number from 0 on, two as [height, width], or null", key, describe(n))
	}
	return (*Pair)(&both), nil
}

func number(n *yaml.Node, key string) (float64, error) {
	v, err := strconv.ParseFloat(n.Value, 64)
	if tag := n.ShortTag(); tag != "!!int" && tag != "!!float" || err != nil {
		return 0, errorAt(n, "%s is %s; expected a number", key, describe(n))
	}
	return v, nil
}

func axes(n *yaml.Node, key string) (Axes, error) {
	list, err := wholes(n, key)
	a := Axes(len(list))
	if err != nil || !slices.Equal(list, a.list()) {
		return 0, errorAt(n, "%s is %s; expected the first axes in their order, such as [1, 2], which are height and width", key, describe(n))
	}
	return a, nil
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

// word is one of the known words.
func word[T ~string, V any](n *yaml.Node, key string, known wording.Table[T, V]) (T, error) {
	if row, ok := known.Row(T(n.Value)); ok && n.Kind == yaml.ScalarNode {
		return row.Word, nil
	}
	return "", errorAt(n, "%s is %s; %s", key, describe(n), known.Choose(T(n.Value)))
}
