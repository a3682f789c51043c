package loader

import (
	"cnn-gpu/model"
	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
)

// Augmented is a set of pictures as they are seen in an epoch.
type Augmented struct {
	data.Set
	pipeline *augment.Pipeline
	shape    model.Shape
	seed     uint64
	epoch    int
}

// Augment is the set with its pictures transformed. The pipeline's Check has taken its shape.
func Augment(set data.Set, pipeline *augment.Pipeline, seed uint64, epoch int) *Augmented {
	return &Augmented{set, pipeline, set.Shape(), seed, epoch}
}

// Example implements [data.Set].
func (a *Augmented) Example(i int, x []float32) (label int32, err error) {
	if label, err = a.Set.Example(i, x); err == nil {
		a.pipeline.Apply(x, a.shape, a.seed, a.epoch, i)
	}
	return label, err
}
