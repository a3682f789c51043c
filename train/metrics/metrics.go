// Package metrics says how well a classifier does on examples whose classes are known: accuracy, also among the k most probable classes, and for each
// class precision, recall, F1 and the area under the ROC curve.
package metrics

// Scores gathers what a classifier says of examples.
type Scores struct {
	confusion [][]int // of each class, what its examples were taken for
	within    []int   // examples whose class is among the k+1 most probable ones
	labels    []int32
	given     [][]float32 // of each class, the probability that each example was given for it
}

// New returns scores of no examples.
func New(classes int) *Scores {
	s := &Scores{within: make([]int, classes), given: make([][]float32, classes)}
	for range classes {
		s.confusion = append(s.confusion, make([]int, classes))
	}
	return s
}

// Add counts an example by the probabilities of its classes, and returns the class that it was taken for: the most probable one, of equal ones
// the first. There must be as many probabilities as classes, and the label must be one of them.
func (s *Scores) Add(label int32, probabilities []float32) (predicted int) {
	before := 0 // classes that are more probable than the example's
	for class, p := range probabilities {
		if p > probabilities[predicted] {
			predicted = class
		}
		if own := probabilities[label]; p > own || p == own && class < int(label) {
			before++
		}
		s.given[class] = append(s.given[class], p)
	}
	s.labels = append(s.labels, label)
	s.confusion[label][predicted]++
	s.within[before]++
	return predicted
}

// Examples is how many were added.
func (s *Scores) Examples() int { return len(s.labels) }

// Confusion counts, for each class, what its examples were taken for: [label][predicted]. It must not be changed.
func (s *Scores) Confusion() [][]int { return s.confusion }

// TopK is the share of examples whose class is among the k most probable ones, of equal ones the first; with k = 1 that is the accuracy. It is 0
// where there are no examples.
func (s *Scores) TopK(k int) float64 {
	right := 0
	for _, n := range s.within[:min(k, len(s.within))] {
		right += n
	}
	return ratio(right, len(s.labels))
}

// Class is how a class is told from all others: TP examples of it are taken for it, FN are not, FP of others are.
type Class struct {
	Examples  int     // of the class: TP + FN
	Correct   int     // TP
	Predicted int     // what was taken for it: TP + FP
	Precision float64 // TP / (TP + FP), 0 if nothing was taken for it
	Recall    float64 // TP / (TP + FN), 0 if it has no examples
	F1        float64 // 2·TP / (2·TP + FP + FN), the harmonic mean of the two, 0 if there is none
}

// Class returns the scores of a class.
func (s *Scores) Class(class int) Class {
	predicted, examples := 0, 0
	for other := range s.confusion {
		examples += s.confusion[class][other]
		predicted += s.confusion[other][class]
	}
	return newClass(s.confusion[class][class], predicted, examples)
}

func newClass(correct, predicted, examples int) Class {
	return Class{
		Examples: examples, Correct: correct, Predicted: predicted, Precision: ratio(correct, predicted), Recall: ratio(correct, examples),
		F1: ratio(2*correct, predicted+examples),
	}
}

// ByClass is how each class is told from the others.
type ByClass interface {
	Class(class int) Class
	AUC(class int) float64
}

// AUC is the area under the ROC curve of a class against all others, by the probabilities that were given for it; see [AUC].
func (s *Scores) AUC(class int) float64 {
	return AUC(s.given[class], func(i int) bool { return int(s.labels[i]) == class })
}

// MacroF1 is the mean of F1 over the classes that have examples or were predicted; 0 if there are none.
func (s *Scores) MacroF1() float64 { return macroF1(s, len(s.confusion)) }

func macroF1(s ByClass, n int) float64 {
	sum, classes := 0., 0
	for class := range n {
		if c := s.Class(class); c.Examples+c.Predicted > 0 {
			sum, classes = sum+c.F1, classes+1
		}
	}
	return sum / float64(max(classes, 1))
}

func ratio(part, of int) float64 { return float64(part) / float64(max(of, 1)) }
