package train

import (
	"context"
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"cnn-gpu/model"
)

// predictBatch is the largest number of images that Predict runs at a time.
const predictBatch = 32

// Predict computes the classes' probabilities [N K] of float32 images [N H W C], or of one image [H W C], however the tensor
// lies in memory; see [model.RowMajor]. When the context ends, it
// stops before the next batch of images and returns the context's error.
func (t *Trainer) Predict(ctx context.Context, images *tensor.Dense) (*tensor.Dense, error) {
	if ctx == nil {
		return nil, errNoContext
	}
	x, err := model.RowMajor(images)
	if err != nil {
		return nil, fmt.Errorf("train: predict: the tensor of images %w", err)
	}
	shape, input := []int(images.Shape()), t.model.Input.Shape
	n := 1
	switch {
	case slices.Equal(shape, input):
	case len(shape) == len(input)+1 && slices.Equal(shape[1:], input) && shape[0] > 0:
		n = shape[0]
	default:
		return nil, fmt.Errorf("train: predict: images are %v; the model takes %v%s, with the number of images in front", shape, input, channelsFirst(shape, input))
	}
	step, err := t.prediction(min(n, predictBatch))
	if err != nil {
		return nil, err
	}
	size, classes, example := step.Batch(), t.output.Shape[0], input.Elements()
	out := make([]float32, n*classes)
	batch, probabilities := make([]float32, size*example), make([]float32, size*classes)
	for at := 0; at < n; at += size {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("train: predict: %w", err)
		}
		filled := copy(batch, x[at*example:min(at+size, n)*example])
		t.normalization.Apply(batch[:filled], input[len(input)-1])
		clear(batch[filled:])
		if err := step.Predict(batch, probabilities); err != nil {
			return nil, err
		}
		copy(out[at*classes:], probabilities)
	}
	return tensor.New(tensor.WithShape(n, classes), tensor.WithBacking(out)), nil
}
