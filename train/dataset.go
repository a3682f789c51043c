package train

import (
	"errors"
	"fmt"
	"slices"

	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/loader"
)

// PanicError is a panic in a data set's code: what it panicked with, and the stack. The error that wraps it names the set and the example.
type PanicError = loader.PanicError

// Examples are what a [Step] works on: values, labels and, where there are some, targets and weights, a row each.
type Examples = loader.Examples

var errNoData = errors.New("train: the data set is nil; give one, such as of data.Digits or data.Open")

// CheckData says why a data set does not fit the model.
func (t *Trainer) CheckData(set data.Set) error {
	if isNil(set) {
		return errNoData
	}
	name, shape, classes, examples, err := describe(set)
	if err != nil {
		return fmt.Errorf("train: the data set %T: %w", set, err)
	}
	if input := t.model.Input.Shape; !slices.Equal(shape, input) {
		return fmt.Errorf("train: %s has images %v, the model takes %v%s; change the model's input or choose other data", name, shape, input, channelsFirst(shape, input))
	}
	if units := t.output.Shape[0]; classes > units {
		return fmt.Errorf("train: %s has %d classes, the model's last layer has %d units; give it one unit for each class", name, classes, units)
	}
	if of := data.TargetsOf(set); of != t.targets {
		return fmt.Errorf("train: the examples of %s have %v, the training is for %v (Options.Targets); choose other data", name, of, t.targets)
	}
	if units := t.output.Shape[0]; t.targets != data.ClassLabels && classes != units {
		return fmt.Errorf("train: %s has %d targets for each example, the model's last layer has %d units; give it one unit for each target", name, classes, units)
	}
	if data.IsWeighted(set) && !t.sampleWeights {
		return fmt.Errorf("train: %s gives its examples weights, the training is for none (Options.SampleWeights); choose other data, or leave the weights out", name)
	}
	if examples == 0 {
		return fmt.Errorf("train: %s has no examples", name)
	}
	return nil
}

// Input is a data set as the model sees it: normalized as [Options] say. Fit, Evaluate and Predict do this by themselves; loops of one's own
// over steps read their batches from it.
func (t *Trainer) Input(set data.Set) data.Set { return data.Normalized(set, t.normalization) }

// describe asks a data set for all but its examples.
func describe(set data.Set) (name string, shape []int, classes, examples int, err error) {
	defer loader.Recover(&err)
	return set.Name(), set.Shape(), len(set.Classes()), set.Len(), nil
}

// channelsFirst says so where one of two shapes that should be equal has the channels of an image in front, whatever stands before it.
func channelsFirst(a, b []int) string {
	if len(a) < 3 || len(b) < 3 {
		return ""
	}
	a, b = a[len(a)-3:], b[len(b)-3:]
	isFirst := func(first, last []int) bool {
		return slices.Equal(first, []int{last[2], last[0], last[1]}) && !slices.Equal(first, last)
	}
	if isFirst(a, b) || isFirst(b, a) {
		return " (images are [height width channels] here, channels last)"
	}
	return ""
}
