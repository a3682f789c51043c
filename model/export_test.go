package model

// KindSpecs has the layers that a model file may name by their names, KindAliases the second names.
var KindSpecs, KindAliases = map[string]Spec{}, map[string]string{}

func init() {
	for name, k := range kinds {
		KindSpecs[name], KindAliases[name] = k.spec, k.alias
	}
}

// OnlyInKeras are the layers that are not here.
var OnlyInKeras = onlyInKeras
