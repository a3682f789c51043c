package model

import "strings"

// KindSpecs has the layers that a model file may name by their names, KindAliases the second names.
var KindSpecs, KindAliases = map[string]Spec{}, map[string]string{}

func init() {
	for name, k := range kinds {
		KindSpecs[name], KindAliases[name] = k.spec, k.alias
	}
}

// Merges says whether a layer takes several inputs.
func Merges(s Spec) bool {
	_, err := s.Build([]Shape{{6, 6, 3}})
	return err != nil && strings.Contains(err.Error(), "inputs, got 1")
}

// OnlyInKeras are the layers that are not here.
var OnlyInKeras = onlyInKeras
