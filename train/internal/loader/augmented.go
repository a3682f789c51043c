package loader

import (
	"cnn-gpu/model"
	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
)

// Augmented is a set of pictures as they are seen in an epoch.
type Augmented struct {
	data.Wrapper
	pipeline      *augment.Pipeline
	normalization data.Normalization
	shape         model.Shape
	seed          uint64
	epoch         int
}

// Augment is the set with its pictures transformed, and normalized then. The pipeline's Check has taken its shape.
func Augment(set data.Set, pipeline *augment.Pipeline, n data.Normalization, seed uint64, epoch int) *Augmented {
	return &Augmented{data.Wrapper{Set: set}, pipeline, n, set.Shape(), seed, epoch}
}

// mixed is Example where a picture may be one of two.
func (a *Augmented) mixed(i int, x []float32) (augment.Labels, error) {
	labels, err := a.pipeline.Example(a.Set, a.shape, a.seed, a.epoch, i, x)
	if err == nil {
		a.normalization.Apply(x, a.shape[len(a.shape)-1])
	}
	return labels, err
}

// Example implements [data.Set]; the label is that which has most of the picture.
func (a *Augmented) Example(i int, x []float32) (int32, error) {
	labels, err := a.mixed(i, x)
	return labels.First, err
}
