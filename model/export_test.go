package model

import "strings"

// KindSpecs has the layers that a model file may name by their names, SecondNames the first names of the second ones.
var KindSpecs, SecondNames = map[string]Spec{}, map[string]string{}

func init() {
	for _, name := range Kinds() {
		row, _ := kinds.Row(name)
		KindSpecs[name] = row.Value
		for _, second := range row.Also {
			SecondNames[second] = name
		}
	}
}

// Merges says whether a layer takes several inputs.
func Merges(s Spec) bool {
	_, err := s.Build([]Shape{{6, 6, 3}})
	return err != nil && strings.Contains(err.Error(), "inputs, got 1")
}

// OnlyInKeras are the layers that are not here.
var OnlyInKeras = onlyInKeras
