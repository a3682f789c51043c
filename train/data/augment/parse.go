package augment

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cnn-gpu/internal/wording"
)

// Parse reads transformations in the order in which they are done: words of [Words] with commas between them, each with its settings behind
// colons, by their words or in the order of the table: "flip,crop:4,rotate:degrees=10:fill=0.5". What is left out has its default.
func Parse(text string) (*Pipeline, error) {
	p := &Pipeline{}
	for item := range strings.SplitSeq(text, ",") {
		word, settings, isSet := strings.Cut(strings.TrimSpace(item), ":")
		kind, err := Find(word)
		if err != nil {
			return nil, err
		}
		s := step{word: word, kind: kind}
		var list []string
		if isSet {
			list = strings.Split(settings, ":")
		}
		if err := s.set(list); err != nil {
			return nil, fmt.Errorf("augment: %s: %w", word, err)
		}
		switch {
		case kind.mix != nil:
			p.mixes = append(p.mixes, s)
		case p.Mixes():
			return nil, fmt.Errorf("augment: %s stands behind %s, which mixes pictures that are done; put it in front", word, p.mixes[0].word)
		default:
			p.steps = append(p.steps, s)
		}
	}
	return p, nil
}

// set reads the settings.
func (s *step) set(settings []string) error {
	var words []string
	for _, parameter := range s.kind.Parameters {
		words = append(words, parameter.Word)
		s.values = append(s.values, parameter.Default)
	}
	given := make([]bool, len(words))
	for i, setting := range settings {
		word, number, named := strings.Cut(setting, "=")
		at := slices.Index(words, word)
		switch {
		case !named && i >= len(words):
			return fmt.Errorf("%d settings; it takes %s", i+1, wording.And(words))
		case !named:
			at, number = i, setting
		case at < 0:
			return fmt.Errorf("there is no %s; it takes %s", word, wording.And(words))
		}
		if given[at] {
			return fmt.Errorf("%s is given twice; give it once", words[at])
		}
		given[at] = true
		v, err := s.kind.Parameters[at].read(number)
		if err != nil {
			return err
		}
		s.values[at] = v
	}
	if s.kind.check != nil {
		return s.kind.check(s.values)
	}
	return nil
}

// read reads a value of the parameter.
func (p Parameter) read(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= p.Least && v <= p.Most) || p.ExcludeLeast && v == p.Least || p.isWhole() && v != math.Trunc(v) {
		return 0, fmt.Errorf("%s %s; give %s", p.Word, text, p.Range())
	}
	return v, nil
}

// Range says which values the parameter takes: "a number from 0 to 1".
func (p Parameter) Range() string {
	what, from := "a number", "from"
	if p.isWhole() {
		what = "a whole number"
	}
	if p.ExcludeLeast {
		from = "above"
	}
	if p.Most >= 1<<20 {
		return fmt.Sprintf("%s from %v on", what, p.Least)
	}
	to := fmt.Sprintf("to %v", p.Most)
	if p.ExcludeLeast {
		to = fmt.Sprintf("and up to %v", p.Most)
	}
	return fmt.Sprintf("%s %s %v %s", what, from, p.Least, to)
}
