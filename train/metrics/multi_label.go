package metrics

import "io"

// MultiLabel gathers what a classifier says of examples that may have several labels, or none: each class by itself is said to be there where its
// probability is above a half.
type MultiLabel struct {
	examples, right         int // right are the answers, one for each class of each example
	correct, there, claimed []int
	given                   [][]float32 // of each class, the probability that each example was given for it
	isThere                 [][]bool
}

// NewMultiLabel returns scores of no examples.
func NewMultiLabel(classes int) *MultiLabel {
	return &MultiLabel{
		correct: make([]int, classes), there: make([]int, classes), claimed: make([]int, classes),
		given: make([][]float32, classes), isThere: make([][]bool, classes),
	}
}

// Add counts an example by its targets, which are above a half for the classes that are there, and by the probabilities of its classes. There
// must be as many of each as classes.
func (s *MultiLabel) Add(targets, probabilities []float32) {
	s.examples++
	for class, p := range probabilities {
		isThere, isClaimed := targets[class] > 0.5, p > 0.5
		s.given[class], s.isThere[class] = append(s.given[class], p), append(s.isThere[class], isThere)
		s.right += count(isThere == isClaimed)
		s.there[class] += count(isThere)
		s.claimed[class] += count(isClaimed)
		s.correct[class] += count(isThere && isClaimed)
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// Examples is how many were added.
func (s *MultiLabel) Examples() int { return s.examples }

// Accuracy is the share of right answers, one for each class of each example: Keras's binary accuracy.
func (s *MultiLabel) Accuracy() float64 { return ratio(s.right, s.examples*len(s.correct)) }

// Class returns the scores of a class.
func (s *MultiLabel) Class(class int) Class {
	return newClass(s.correct[class], s.claimed[class], s.there[class])
}

// AUC is the area under the ROC curve of a class, by the probabilities that were given for it; see [AUC].
func (s *MultiLabel) AUC(class int) float64 {
	return AUC(s.given[class], func(i int) bool { return s.isThere[class][i] })
}

// MacroF1 is the mean of F1 over the classes that have examples or were predicted; 0 if there are none.
func (s *MultiLabel) MacroF1() float64 { return macroF1(s, len(s.correct)) }

// WriteCSV writes a row for each class, as [Scores.WriteCSV].
func (s *MultiLabel) WriteCSV(w io.Writer, classes []string) error { return writeCSV(w, s, classes) }
