package train

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/traintest"
)

// Each epoch's last report is of all its batches, however short it was.
func TestProgressAtTheEpochsEnd(t *testing.T) {
	tr := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	last := map[int]Progress{}
	history, err := tr.Fit(context.Background(), digits(10), FitOptions{Epochs: 2, Batch: 4, OnProgress: func(p Progress) { last[p.Epoch] = p }})
	require.NoError(t, err)
	require.Len(t, last, 2)
	for _, e := range history {
		p := last[e.Epoch]
		assert.Equal(t, 2, p.Epochs)
		assert.Equal(t, 3, p.Batch)
		assert.Equal(t, 3, p.Batches)
		assert.Equal(t, e.Training, p.Result)
		assert.Equal(t, 10, p.Result.Examples, "of this epoch alone")
		assert.Positive(t, p.ImagesPerSecond)
	}
}

// constant is a data set whose images have one value everywhere.
type constant struct {
	data.Set
	value float32
	label int32
}

func (c constant) Example(_ int, x []float32) (int32, error) {
	for i := range x {
		x[i] = c.value
	}
	return c.label, nil
}

// A validation loss too large for a number is an error, and so is one that is none.
func TestValidationNotFinite(t *testing.T) {
	m, err := model.Sequential(model.Input(1), model.Dense{Units: 2, Activation: model.Softmax})
	require.NoError(t, err)
	w := m.NewWeights()
	kernel, err := w.Values("dense/kernel")
	require.NoError(t, err)
	kernel[0], kernel[1] = 3e38, -3e38 // the two classes' scores for an image of 1 are further apart than float32 can say
	set := data.Noise(m.Input.Shape, 2, 4, 1)
	for value, wrong := range map[float32]func(float64) bool{1: func(loss float64) bool { return math.IsInf(loss, 1) }, float32(math.NaN()): math.IsNaN} {
		tr, err := Compile(m, Options{Optimizer: SGD{}, Weights: w})
		require.NoError(t, err)
		defer tr.Close()
		validation := constant{data.Noise(m.Input.Shape, 2, 1, 1), value, 1} // the sum of more infinite losses is NaN
		result, err := tr.Evaluate(context.Background(), validation, 4)
		require.NoError(t, err)
		require.True(t, wrong(result.Loss), "%v", result.Loss)
		_, err = tr.Fit(context.Background(), constant{set, 0, 1}, FitOptions{Batch: 4, Validation: validation})
		assert.ErrorContains(t, err, "epoch 1: the loss on the validation data is not finite")
		assert.Empty(t, tr.History())
	}
}
