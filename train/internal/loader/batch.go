package loader

import (
	"fmt"

	"cnn-gpu/model"
	"cnn-gpu/train/data"
)

// Absent is the label of a row that is no example.
const Absent = -1

// Batch is examples on their way to the device.
type Batch struct {
	X      []float32
	Labels []int32
	Count  int // examples; the rows behind them are zeros with the label Absent
	Err    error
}

// NewBatch makes a batch for size examples of a set.
func NewBatch(set data.Set, size int) *Batch {
	return &Batch{X: make([]float32, size*model.Shape(set.Shape()).Elements()), Labels: make([]int32, size)}
}

// Fill reads the examples of those indices, at most as many as the batch has rows.
func (b *Batch) Fill(set data.Set, indices []int) {
	b.Count, b.Err = len(indices), nil
	classes, example := len(set.Classes()), len(b.X)/len(b.Labels)
	for i, at := range indices {
		label, err := read(set, at, b.X[i*example:(i+1)*example])
		if err == nil && (label < 0 || int(label) >= classes) {
			err = fmt.Errorf("label %d is none of the %d classes", label, classes)
		}
		if err != nil {
			b.Err = fmt.Errorf("train: %s: example %d: %w", set.Name(), at, err)
			return
		}
		b.Labels[i] = label
	}
	clear(b.X[len(indices)*example:])
	for i := len(indices); i < len(b.Labels); i++ {
		b.Labels[i] = Absent
	}
}

// read is the set's Example, with a panic as an error.
func read(set data.Set, i int, x []float32) (label int32, err error) {
	defer Recover(&err)
	return set.Example(i, x)
}
