package model

import (
	"cmp"
	"fmt"
)

// Axis numbers an axis of a batch as Keras does: 0 is that of the batch, 1 the first of an example; -1 is the last, -2 the one before it. In
// Go 0 stands for the default.
type Axis int

// of is the axis of an example of the given shape.
func (a Axis) of(x Shape) (int, error) {
	of := int(a) - 1
	if a < 0 {
		of = len(x) + int(a)
	}
	if of < 0 || of >= len(x) {
		return 0, fmt.Errorf("axis %d of %v; give 1 to %d, or -1 to -%[3]d counted from the last", a, x, len(x))
	}
	return of, nil
}

// ofChannels refuses an axis that is not the last, where channels are.
func (a Axis) ofChannels(x Shape) error {
	axis, err := cmp.Or(a, -1).of(x)
	if err != nil || axis != len(x)-1 {
		return fmt.Errorf("axis %d; channels are the last axis here: give -1, or leave axis out", a)
	}
	return nil
}
