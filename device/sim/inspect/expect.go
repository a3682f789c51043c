package inspect

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Expectation is what a buffer or a variable has to hold after the run.
type Expectation struct {
	Name      string    `yaml:"-"`
	File      string    `yaml:"file"`
	Values    []float64 `yaml:"values"`
	Tolerance float64   `yaml:"tolerance"` // how far a number may lie from the expected one, relative to that if it is above 1
}

// Comparison is what became of an expectation.
type Comparison struct {
	Name       string   `json:"name"`
	Expected   string   `json:"expected"` // the file, or the values
	Tolerance  float64  `json:"tolerance"`
	Type       string   `json:"type"`
	Count      int      `json:"count"` // of numbers
	Different  int      `json:"different"`
	WorstError *float64 `json:"worst_error"` // the greatest difference of two numbers; null where there is none
	FirstIndex int      `json:"first_index"` // of those that differ
	Found      string   `json:"found"`       // there
	Wanted     string   `json:"wanted"`
	Met        bool     `json:"met"`
}

// Expectations are what a script expects, in its order.
type Expectations []Expectation

// UnmarshalYAML reads a mapping of names to files, or to what an Expectation has.
func (list *Expectations) UnmarshalYAML(v *yaml.Node) error {
	if v.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: expectations are named, as in expect: {y: {file: y.npy, tolerance: 1e-5}}", v.Line)
	}
	for i := 0; i < len(v.Content); i += 2 {
		e := Expectation{Name: v.Content[i].Value}
		switch wanted := v.Content[i+1]; wanted.Kind {
		case yaml.ScalarNode:
			e.File = wanted.Value
		default:
			for at := 0; at < len(wanted.Content) && wanted.Kind == yaml.MappingNode; at += 2 {
				if key := wanted.Content[at]; !slices.Contains([]string{"file", "values", "tolerance"}, key.Value) {
					return fmt.Errorf("line %d: %s: there is no %s; an expectation has file or values, and tolerance", key.Line, e.Name, key.Value)
				}
			}
			if err := wanted.Decode(&e); err != nil {
				return fmt.Errorf("%s: %w", e.Name, err)
			}
		}
		if (e.File == "") == (len(e.Values) == 0) || e.Tolerance < 0 || math.IsNaN(e.Tolerance) {
			return fmt.Errorf("line %d: %s: a file or values are wanted, and a tolerance from 0, as in {file: y.npy, tolerance: 1e-5}", v.Content[i].Line, e.Name)
		}
		*list = append(*list, e)
	}
	return nil
}

// wanted gives the bytes that are expected, their type, and what to call them. The type is that of what is compared, if it has one.
func (e Expectation) wanted(folder string, n numberType) (content []byte, kind numberType, source string, err error) {
	if e.File != "" {
		content, n, err = readNumbers(within(folder, e.File), n)
		source = e.File
	}
	if n.bytes == 0 {
		n = numberTypes["u8"]
	}
	if e.File == "" {
		for _, v := range e.Values {
			content = n.put(content, v)
		}
		source = strings.Join(strings.Fields(strings.Trim(fmt.Sprint(e.Values), "[]")), ", ")
	}
	return content, n, source, err
}

// compare holds what memory has against what is expected of it.
func (e Expectation) compare(found []byte, n numberType, folder string) (Comparison, error) {
	want, n, source, err := e.wanted(folder, n)
	c := Comparison{Name: e.Name, Expected: source, Tolerance: e.Tolerance, Type: n.name, Count: len(found) / n.bytes}
	switch {
	case err != nil:
		return c, notUnderstood("expectation of %s: %w", e.Name, err)
	case len(want) != len(found) && (e.File != "" || len(want) > len(found)):
		return c, notUnderstood("expectation of %s: %s holds %d bytes, %[1]s has %[4]d (%d of %s)", e.Name, source, len(want), len(found), c.Count, n.name)
	}
	c.Count = len(want) / n.bytes
	for i := range c.Count {
		a, b := found[i*n.bytes:], want[i*n.bytes:]
		same, difference := n.near(a, b, e.Tolerance)
		if c.WorstError == nil && difference > 0 || c.WorstError != nil && difference > *c.WorstError {
			c.WorstError = &difference
		}
		if same {
			continue
		}
		if c.Different == 0 {
			c.FirstIndex, c.Found, c.Wanted = i, n.get(a), n.get(b)
		}
		c.Different++
	}
	c.Met = c.Different == 0
	return c, nil
}

// near says whether a number is the wanted one or as near as the tolerance allows, and their difference where it is a number. Where not a
// number is wanted it has to be.
func (n numberType) near(found, wanted []byte, tolerance float64) (same bool, difference float64) {
	if bytes.Equal(found[:n.bytes], wanted[:n.bytes]) {
		return true, 0
	}
	a, b := n.value(found), n.value(wanted)
	if math.IsNaN(a) || math.IsNaN(b) || math.IsInf(a, 0) || math.IsInf(b, 0) {
		return math.IsNaN(a) && math.IsNaN(b), 0
	}
	difference = math.Abs(a - b)
	if n.class() == integerClass && difference == 0 {
		difference = 1 // of integers that float64 does not tell apart
	}
	return difference <= tolerance*max(1, math.Abs(b)), difference
}

// String tells people.
func (c Comparison) String() string {
	var s strings.Builder
	if c.Met {
		fmt.Fprintf(&s, "%s: all %d %s are as in %s", c.Name, c.Count, c.Type, c.Expected)
	} else {
		fmt.Fprintf(&s, "%s: %d of %d %s differ from %s: the first, [%d], is %s, expected %s", c.Name, c.Different, c.Count, c.Type, c.Expected, c.FirstIndex, c.Found, c.Wanted)
	}
	if c.WorstError != nil {
		fmt.Fprintf(&s, ", greatest error %.3g", *c.WorstError)
	}
	if c.Tolerance > 0 {
		fmt.Fprintf(&s, " (tolerance %g)", c.Tolerance)
	}
	return s.String()
}
