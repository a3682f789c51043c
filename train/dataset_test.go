package train

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"cnn-gpu/model"
	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/traintest"
)

// What a program forgot to give is an error that says so.
func TestNil(t *testing.T) {
	_, err := Compile(nil, Options{})
	assert.ErrorContains(t, err, "train: there is no model; build one")
	_, err = Compile(&model.Model{}, Options{})
	assert.ErrorContains(t, err, "train: there is no model; build one")
	_, err = Lower(nil, Options{}, 1)
	assert.ErrorContains(t, err, "train: there is no model; build one")
	for _, o := range []Options{{Optimizer: (*Adam)(nil)}, {Loss: (*SparseCategoricalCrossEntropy)(nil)}, {Device: (*watchedDevice)(nil)}} {
		_, err = Compile(traintest.SmallNet(t, 0), o)
		assert.ErrorContains(t, err, "is a nil pointer; leave the option out")
	}

	tr := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	ctx := context.Background()
	for _, set := range []data.Set{nil, (*part)(nil)} {
		_, err = tr.Fit(ctx, set, FitOptions{Batch: 2})
		assert.ErrorContains(t, err, "train: the data set is nil; give one")
		_, err = tr.Evaluate(ctx, set, 2)
		assert.ErrorContains(t, err, "train: the data set is nil; give one")
		assert.ErrorContains(t, tr.CheckData(set), "the data set is nil")
		assert.ErrorContains(t, tr.CheckFit(set, FitOptions{}), "the data set is nil")
	}
	_, err = tr.Fit(ctx, digits(4), FitOptions{Batch: 2, Validation: (*part)(nil)})
	assert.ErrorContains(t, err, "train: the data set is nil; give one")
	_, err = tr.Predict(ctx, nil)
	assert.EqualError(t, err, "train: predict: the tensor of images is nil")
	assert.ErrorContains(t, tr.Restore(nil), "the snapshot is nil")

	var none context.Context
	const noContext = "train: the context is nil; give context.Background() if nothing ends it"
	_, err = tr.Fit(none, digits(4), FitOptions{Batch: 2})
	assert.EqualError(t, err, noContext)
	_, err = tr.Evaluate(none, digits(4), 2)
	assert.EqualError(t, err, noContext)
	_, err = tr.Predict(none, tensor.New(tensor.WithShape(28, 28, 1), tensor.Of(tensor.Float32)))
	assert.EqualError(t, err, noContext)
}

// A data set that panics ends the training with an error, in whichever goroutine it was read, and the trainer can go on.
func TestPanickingData(t *testing.T) {
	broken := errors.New("index out of range")
	set := digits(12)
	set.spoil = func(i int, _ []float32, _ *int32) error {
		if i == 9 {
			panic(broken)
		}
		return nil
	}
	tr := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	_, fit := tr.Fit(context.Background(), set, FitOptions{Batch: 4})
	_, evaluate := tr.Evaluate(context.Background(), set, 4)
	_, validate := tr.Fit(context.Background(), digits(12), FitOptions{Batch: 4, Validation: set})
	for _, err := range []error{fit, evaluate, validate} {
		assert.EqualError(t, err, "train: digits: example 9: panic: index out of range")
		assert.ErrorIs(t, err, broken)
		var p *PanicError
		require.ErrorAs(t, err, &p)
		assert.Contains(t, string(p.Stack), "dataset_test.go")
	}
	_, err := tr.Evaluate(context.Background(), digits(12), 4)
	assert.NoError(t, err)

	assert.EqualError(t, tr.CheckData(nameless{digits(4)}), "train: the data set train.nameless: panic: no name")
}

type nameless struct{ data.Set }

func (nameless) Name() string { panic("no name") }

// Images in the order of PyTorch's are told apart from other mistakes.
func TestImagesWithChannelsFirst(t *testing.T) {
	const hint = " (images are [height width channels] here, channels last)"
	build := func(input model.Shape) *Trainer {
		m, err := model.Sequential(input, model.Flatten{}, model.Dense{Units: 10, Activation: model.Softmax})
		require.NoError(t, err)
		tr, err := Compile(m, Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, tr.Close()) })
		return tr
	}
	assert.ErrorContains(t, build(model.Input(1, 28, 28)).CheckData(digits(4)), "the model takes [1 28 28]"+hint)
	assert.NotContains(t, build(model.Input(14, 28, 2)).CheckData(digits(4)).Error(), hint)
	for _, shape := range [][]int{{2, 1, 28, 28}, {1, 28, 28}} {
		_, err := build(model.Input(28, 28, 1)).Predict(context.Background(), tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Float32)))
		assert.ErrorContains(t, err, "the model takes [28 28 1]"+hint)
	}
}
