package data

import (
	"fmt"
	"slices"

	"cnn-gpu/internal/wording"
)

// Targets is what an example's answer is.
type Targets int

// The kinds of targets.
const (
	ClassLabels Targets = iota // the number of one class
	MultiLabel                 // for each class 1 or 0: whether it is there, of which several may be, or none
	Values                     // a number for each output of the model, which Classes names
)

var targetsWords = [...]string{ClassLabels: "one class", MultiLabel: "several labels", Values: "values"}

func (t Targets) String() string {
	if t >= 0 && int(t) < len(targetsWords) {
		return targetsWords[t]
	}
	return fmt.Sprintf("Targets(%d)", int(t))
}

// MarshalText writes the words of a kind.
func (t Targets) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads them.
func (t *Targets) UnmarshalText(text []byte) error {
	i := slices.Index(targetsWords[:], string(text))
	if i < 0 {
		return fmt.Errorf("data: unknown targets %q; expected %s", text, wording.Or(targetsWords[:]))
	}
	*t = Targets(i)
	return nil
}

// TargetSet is a set whose examples' answers may be more than the number of a class. The label that Example returns of one with other targets
// than ClassLabels counts for nothing, but must be a class's number.
type TargetSet interface {
	Set
	// Targets says what the targets are.
	Targets() Targets
	// Target writes the targets of example i, one for each of Classes, into t. It is safe for concurrent use.
	Target(i int, t []float32) error
}

// TargetsOf is what a set's targets are: the numbers of classes if it does not say.
func TargetsOf(s Set) Targets {
	if t, ok := s.(TargetSet); ok {
		return t.Targets()
	}
	return ClassLabels
}

// LabelsOf lists the classes that an example shows: the label that Example returned, or, of several labels, all that are there.
func LabelsOf(s Set, i int, label int32) (classes []int, err error) {
	if TargetsOf(s) != MultiLabel {
		return []int{int(label)}, nil
	}
	t := make([]float32, len(s.Classes()))
	if err := s.(TargetSet).Target(i, t); err != nil {
		return nil, err
	}
	for class, v := range t {
		if v > 0.5 {
			classes = append(classes, class)
		}
	}
	return classes, nil
}

// WeightedSet is a set whose examples may weigh more or less than others: the loss of each is multiplied by its weight.
type WeightedSet interface {
	Set
	// IsWeighted says whether there are weights.
	IsWeighted() bool
	// Weight is the weight of example i, at least 0. It is safe for concurrent use.
	Weight(i int) float32
}

// IsWeighted says whether a set's examples have weights.
func IsWeighted(s Set) bool {
	w, ok := s.(WeightedSet)
	return ok && w.IsWeighted()
}

// Wrapper is a set that hands on the targets and the weights of another one: for sets to embed that change its examples.
type Wrapper struct{ Set }

// Targets implements [TargetSet].
func (w Wrapper) Targets() Targets { return TargetsOf(w.Set) }

// Target implements [TargetSet].
func (w Wrapper) Target(i int, t []float32) error {
	of, ok := w.Set.(TargetSet)
	if !ok {
		return fmt.Errorf("data: %s: no targets of example %d: the examples have %v", w.Name(), i, w.Targets())
	}
	return of.Target(i, t)
}

// IsWeighted implements [WeightedSet].
func (w Wrapper) IsWeighted() bool { return IsWeighted(w.Set) }

// Weight implements [WeightedSet].
func (w Wrapper) Weight(i int) float32 { return w.Set.(WeightedSet).Weight(i) }

// Targets implements [TargetSet].
func (s *images) Targets() Targets {
	if s.targets != nil {
		return MultiLabel
	}
	return ClassLabels
}

// Target implements [TargetSet].
func (s *images) Target(i int, t []float32) error {
	n := len(s.classes)
	if i < 0 || i >= s.Len() || len(t) != n || s.targets == nil {
		return fmt.Errorf("data: %s: no %d targets of example %d: the set holds %d examples, with %v of %d classes", s.name, len(t), i, s.Len(), s.Targets(), n)
	}
	for j, v := range s.targets[i*n:][:n] {
		t[j] = float32(v)
	}
	return nil
}

// IsWeighted implements [WeightedSet].
func (s *images) IsWeighted() bool { return s.weights != nil }

// Weight implements [WeightedSet].
func (s *images) Weight(i int) float32 { return s.weights[i] }

// Target implements [TargetSet].
func (s *subset) Target(i int, t []float32) error {
	if i < 0 || i >= s.Len() {
		return fmt.Errorf("data: %s: no targets of example %d: the part holds %d examples", s.Name(), i, s.Len())
	}
	return s.Wrapper.Target(s.indices[i], t)
}

// Weight implements [WeightedSet].
func (s *subset) Weight(i int) float32 { return s.Wrapper.Weight(s.indices[i]) }
