package loader

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"sync"

	"cnn-gpu/model"
	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
)

// Absent is the label of a row that is no example.
const Absent = -1

// Examples are what a step works on, a row each.
type Examples struct {
	X      []float32
	Labels []int32 // the numbers of the classes, or 0 where Targets count; Absent where there is no example
	// Targets has one for each class of each example; nil where the labels are what counts.
	Targets []float32
	// Weights is how much each example weighs; nil where all weigh the same.
	Weights []float32
}

// Batch is examples on their way to the device.
type Batch struct {
	Examples
	// Of rows that may be mixed of two examples, else nil: what the second is; of rows that are not it is the first.
	Second        []int32
	SecondWeights []float32 // as Weights
	Shares        []float32 // of Second
	Count         int       // examples; the rows behind them are zeros with the label Absent
	Err           error
}

// NewBatch makes a batch for size examples of a set.
func NewBatch(set data.Set, size int) *Batch {
	b := &Batch{Examples: Examples{X: make([]float32, size*model.Shape(set.Shape()).Elements()), Labels: make([]int32, size)}}
	if data.TargetsOf(set) != data.ClassLabels {
		b.Targets = make([]float32, size*len(set.Classes()))
	}
	if data.IsWeighted(set) {
		b.Weights = make([]float32, size)
	}
	if a, ok := set.(*Augmented); ok && a.pipeline.Mixes() {
		b.Second, b.Shares = make([]int32, size), make([]float32, size)
		if b.Weights != nil {
			b.SecondWeights = make([]float32, size)
		}
	}
	return b
}

// Fill reads the examples of those indices, at most as many as the batch has rows.
func (b *Batch) Fill(set data.Set, indices []int) {
	classes, example := len(set.Classes()), len(b.X)/len(b.Labels)
	b.Count = len(indices)
	b.Err = each(len(indices), fillers(set), func(i int) error {
		labels, err := read(set, indices[i], b.X[i*example:(i+1)*example])
		for _, label := range []int32{labels.First, labels.Second} {
			if err == nil {
				err = CheckLabel(label, classes)
			}
		}
		if err == nil {
			b.set(i, labels)
			err = b.fillMore(set, i, labels)
		}
		if err != nil {
			err = fmt.Errorf("train: %s: example %d: %w", set.Name(), indices[i], err)
		}
		return err
	})
	if b.Err != nil {
		return
	}
	clear(b.X[len(indices)*example:])
	if b.Targets != nil {
		clear(b.Targets[len(indices)*classes:])
	}
	for _, weights := range [][]float32{b.Weights, b.SecondWeights} {
		if weights != nil {
			clear(weights[len(indices):])
		}
	}
	for i := len(indices); i < len(b.Labels); i++ {
		b.set(i, augment.Labels{First: Absent, Second: Absent})
	}
}

// CheckLabel refuses a label that is no class.
func CheckLabel(label int32, classes int) error {
	if label < 0 || int(label) >= classes {
		return fmt.Errorf("label %d is none of the %d classes", label, classes)
	}
	return nil
}

// set notes what row i shows.
func (b *Batch) set(i int, labels augment.Labels) {
	b.Labels[i] = labels.First
	if b.Second != nil {
		b.Second[i], b.Shares[i] = labels.Second, labels.Share
	}
}

// fillMore reads the targets and the weights of the examples that row i shows, where the set has some. The label is then no more than a sign of an example.
func (b *Batch) fillMore(set data.Set, i int, labels augment.Labels) (err error) {
	defer Recover(&err)
	if b.Weights != nil {
		if b.Weights[i], err = weight(set, labels.FirstExample); err != nil {
			return err
		}
	}
	if b.SecondWeights != nil {
		if b.SecondWeights[i], err = weight(set, labels.SecondExample); err != nil {
			return err
		}
	}
	if b.Targets == nil {
		return nil
	}
	classes := len(b.Targets) / len(b.Labels)
	return set.(data.TargetSet).Target(labels.FirstExample, b.Targets[i*classes:(i+1)*classes])
}

// weight is that of example i of a set that is weighted.
func weight(set data.Set, i int) (float32, error) {
	w := set.(data.WeightedSet).Weight(i)
	if !(w >= 0 && w <= math.MaxFloat32) {
		return 0, fmt.Errorf("its weight is %v: expected a number that is at least 0", w)
	}
	return w, nil
}

// fillers is how many goroutines fill a batch: more than one where the examples are work.
func fillers(set data.Set) int {
	if _, ok := set.(*Augmented); ok {
		return runtime.GOMAXPROCS(0)
	}
	return 1
}

// each calls do for 0 to n-1, in some goroutines, and returns the error of the first that has one.
func each(n, goroutines int, do func(i int) error) error {
	if goroutines == 1 {
		for i := range n {
			if err := do(i); err != nil {
				return err
			}
		}
		return nil
	}
	errs := make([]error, n)
	var all sync.WaitGroup
	for first := range goroutines {
		all.Go(func() {
			for i := first; i < n; i += goroutines {
				errs[i] = do(i)
			}
		})
	}
	all.Wait()
	return cmp.Or(errs...)
}

// read is the set's Example, with a panic as an error.
func read(set data.Set, i int, x []float32) (labels augment.Labels, err error) {
	defer Recover(&err)
	if a, ok := set.(*Augmented); ok {
		return a.mixed(i, x)
	}
	label, err := set.Example(i, x)
	return augment.Labels{First: label, Second: label, FirstExample: i, SecondExample: i}, err
}
