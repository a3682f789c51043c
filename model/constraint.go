package model

import (
	"fmt"
	"math"

	"go.yaml.in/yaml/v3"

	"cnn-gpu/internal/wording"
)

// Constraint limits a parameter after each training step.
type Constraint struct {
	// MaxNorm is the most that the norm of each unit's or filter's weights may be; longer ones are shortened to it. 0 is no limit. See
	// [kernels.MaxNorm].
	MaxNorm float64
}

// usualMaxNorm is Keras's limit where none is given.
const usualMaxNorm = 2

// constraints are the words of a file.
var constraints = wording.Table[string, func(limit float64) Constraint]{
	{Word: "max_norm", Value: func(limit float64) Constraint { return Constraint{MaxNorm: limit} }, Also: []string{"MaxNorm"}},
	{Word: "none", Value: func(float64) Constraint { return Constraint{} }},
}.Lacking("a constraint of Keras that cnn-gpu does not have", "min_max_norm", "non_neg", "unit_norm")

// check refuses what is no limit.
func (c Constraint) check() error {
	if m := float32(c.MaxNorm); c.MaxNorm != 0 && !(m > 0 && m <= math.MaxFloat32) {
		return fmt.Errorf("max_norm %v; give a number above 0 that float32 holds", c.MaxNorm)
	}
	return nil
}

// constraint is a word, or one with its limit.
func constraint(n *yaml.Node, key string) (Constraint, error) {
	named, limit := n, float64(usualMaxNorm)
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 {
		var err error
		if limit, err = number(n.Content[1], n.Content[0].Value); err != nil {
			return Constraint{}, err
		}
		if named = n.Content[0]; !(limit > 0) {
			return Constraint{}, errorAt(n.Content[1], "%s is %s; expected a number above 0", named.Value, describe(n.Content[1]))
		}
	}
	row, ok := constraints.Row(named.Value)
	if !ok || named.Kind != yaml.ScalarNode {
		return Constraint{}, errorAt(n, "%s is %s; %s", key, describe(named), constraints.Choose(named.Value))
	}
	return row.Value(limit), nil
}

// encoded is the constraint as a file has it.
func (c Constraint) encoded() any {
	if c.MaxNorm == 0 {
		return "none"
	}
	return map[string]float64{"max_norm": c.MaxNorm}
}
