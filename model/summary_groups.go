package model

import (
	"slices"
	"strings"
)

// Grouped joins the layers whose names begin with the same parts, of which slashes part names: at a depth of 1, stage1/block1/conv and stage1/block2/conv
// are in the row stage1, at a depth of 2 in stage1/block1 and stage1/block2. The row stands where the first of them does. Its output is the last one's, its
// inputs are what its layers take of others, and parameters, FLOPs and memory are sums. A layer that has no other to be joined with stays as it is.
func (s Summary) Grouped(depth int) Summary {
	members := map[string]int{}
	for _, l := range s.Layers {
		members[groupName(l.Name, depth)]++
	}
	rowName := func(layer string) string {
		if name := groupName(layer, depth); members[name] > 1 {
			return name
		}
		return layer
	}
	layers := s.Layers
	s.Layers = nil
	at := map[string]int{}
	for _, l := range layers {
		name := rowName(l.Name)
		i, begun := at[name]
		if !begun {
			i = len(s.Layers)
			at[name] = i
			s.Layers = append(s.Layers, LayerSummary{Name: name, Kind: l.Kind})
		}
		row := &s.Layers[i]
		if name != l.Name {
			row.Kind = groupKind
			row.Layers++
		}
		row.Output = l.Output
		row.Params, row.FLOPs, row.Memory = row.Params+l.Params, row.FLOPs+l.FLOPs, row.Memory+l.Memory
		for _, in := range l.Inputs {
			from := rowName(in)
			if name != l.Name && (from == name || slices.Contains(row.Inputs, from)) {
				continue
			}
			row.Inputs = append(row.Inputs, from)
		}
	}
	return s
}

// groupKind is the kind of a row of layers.
const groupKind = "group"

// groupName is the first parts of a layer's name.
func groupName(layer string, depth int) string {
	parts := strings.Split(layer, "/")
	return strings.Join(parts[:min(depth, len(parts))], "/")
}
