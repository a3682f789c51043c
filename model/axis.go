package model

import "fmt"

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
