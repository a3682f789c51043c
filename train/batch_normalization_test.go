package train

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
	"cnn-gpu/train/internal/loader"
	"cnn-gpu/train/internal/traintest"
)

// runStep runs a training step on the first examples of the digits, in a batch whose other rows hold a number.
func runStep(t *testing.T, tr *Trainer, size, examples int, rest float32) error {
	t.Helper()
	step, err := tr.TrainingStep(size)
	require.NoError(t, err)
	b := loader.NewBatch(digits(examples), size)
	b.Fill(digits(examples), loader.InOrder(examples))
	require.NoError(t, b.Err)
	for i := examples * 28 * 28; i < len(b.X); i++ {
		b.X[i] = rest
	}
	return step.Run(b.X, b.Labels)
}

// What fills up a batch counts in no statistics, whatever it holds.
func TestNormalizationOfASmallerBatch(t *testing.T) {
	after := func(size int, rest float32) []float32 {
		tr := compile(t, traintest.NormalizedNet(t), 2, SGD{LearningRate: 0.1})
		for range 2 {
			require.NoError(t, runStep(t, tr, size, 5, rest))
		}
		return weights(t, tr)
	}
	want := after(8, 0)
	assert.InDeltaSlice(t, after(5, 0), want, 1e-6)
	assert.Equal(t, want, after(8, -1e20))
}

// The evaluation within a training computes the same bits as one of the weights that it left, with the normalisations folded into other weights in
// each epoch; and nearly what they give one by one.
func TestFoldedEvaluationsAreTheSame(t *testing.T) {
	tr := compile(t, traintest.NormalizedNet(t), 2, Adam{})
	history, err := tr.Fit(context.Background(), digits(100), FitOptions{Epochs: 3, Batch: 24, Validation: digits(30)})
	require.NoError(t, err)
	last := history[len(history)-1].Validation
	evaluate := func(strict bool) Result {
		w, err := tr.Weights()
		require.NoError(t, err)
		other, err := Compile(w.Model(), Options{Weights: w, Strict: strict})
		require.NoError(t, err)
		defer other.Close()
		r, err := other.Evaluate(context.Background(), digits(30), 24)
		require.NoError(t, err)
		return r
	}
	assert.Equal(t, last.Loss, evaluate(false).Loss)
	assert.InEpsilon(t, last.Loss, evaluate(true).Loss, 1e-5)
	assert.NotEqual(t, last.Loss, evaluate(true).Loss, "nothing was folded")
}

// Training with normalisations ends with the same bits on any number of threads, and interrupted and resumed.
func TestNormalizedTrainingsAreTheSame(t *testing.T) {
	options := FitOptions{Epochs: 2, Batch: 24, Validation: digits(30)}
	whole := compile(t, traintest.NormalizedNet(t), 1, Adam{})
	want, err := whole.Fit(context.Background(), digits(100), options)
	require.NoError(t, err)
	for _, workers := range []int{2, 4} {
		path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
		first := compile(t, traintest.NormalizedNet(t), workers, Adam{})
		ctx, cancel := context.WithCancel(context.Background())
		set, reads := digits(100), 0
		set.spoil = func(int, []float32, *int32) error {
			if reads++; reads == 130 {
				cancel()
			}
			return nil
		}
		interrupted := options
		interrupted.Checkpoint = func() error { return first.SaveCheckpoint(path, nil) }
		_, err := first.Fit(ctx, set, interrupted)
		require.ErrorIs(t, err, context.Canceled)

		second := compile(t, traintest.NormalizedNet(t), workers, Adam{})
		require.NoError(t, second.LoadCheckpoint(path))
		history, err := second.Fit(context.Background(), digits(100), options)
		require.NoError(t, err)
		assert.Equal(t, weights(t, whole), weights(t, second), "%d workers", workers)
		assert.Equal(t, want[1].Training, history[len(history)-1].Training)
		assert.Equal(t, want[1].Validation, history[len(history)-1].Validation)
	}
}

func TestNormalizedNetworkLearns(t *testing.T) {
	tr := compile(t, traintest.NormalizedNet(t), 2, Adam{LearningRate: 0.01})
	_, err := tr.Fit(context.Background(), digits(32), FitOptions{Epochs: 40, Batch: 8})
	require.NoError(t, err)
	result, err := tr.Evaluate(context.Background(), digits(32), 5)
	require.NoError(t, err)
	assert.Equal(t, 1.0, result.Accuracy)
	assert.Less(t, result.Loss, 0.05, "by the moving averages")
}

// The moving averages are as the formula has them with every optimizer, with what is no example left out.
func TestMovingAverages(t *testing.T) {
	m, err := model.Sequential(model.Input(2), model.BatchNormalization{Momentum: 0.75}, model.Dense{Units: 3, Activation: model.Softmax})
	require.NoError(t, err)
	for _, optimizer := range learners {
		tr := compile(t, m, 1, optimizer)
		step, err := tr.TrainingStep(4)
		require.NoError(t, err)
		for _, b := range []struct {
			x              []float32
			labels         []int32
			mean, variance []float32
		}{
			{[]float32{1, 10, 9, 9, 3, 20, 5, 30}, []int32{0, -1, 2, 1}, []float32{0.75, 5}, []float32{0.75 + 0.25*8./3, 0.75 + 0.25*200./3}},
			{[]float32{7, 7, 9, 9, 9, 9, 9, 9}, []int32{1, -1, 3, -1}, []float32{0.75*0.75 + 0.25*7, 0.75*5 + 0.25*7},
				[]float32{0.75 * (0.75 + 0.25*8./3), 0.75 * (0.75 + 0.25*200./3)}}, // one value has no variance
		} {
			require.NoError(t, step.Run(b.x, b.labels))
			w, err := tr.Weights()
			require.NoError(t, err)
			for name, want := range map[string][]float32{"moving_mean": b.mean, "moving_variance": b.variance} {
				got, err := w.Values("batch_normalization/" + name)
				require.NoError(t, err)
				assert.InDeltaSlice(t, want, got, 2e-6, "%s: %s", optimizer.Name(), name)
			}
		}
		for _, v := range weights(t, tr) {
			require.False(t, math.IsNaN(float64(v)))
		}
	}
}

// Values whose squares do not fit into float32 have no variance: training halts, rather than go on with normalised zeros.
func TestHaltOnAnInfiniteVariance(t *testing.T) {
	m, err := model.Sequential(model.Input(2), model.BatchNormalization{}, model.Dense{Units: 2, Activation: model.Softmax})
	require.NoError(t, err)
	tr := compile(t, m, 1, Adam{})
	before := weights(t, tr)
	filled := float32(0)
	images := &set{shape: []int{2}, n: 2, fill: func(x []float32) {
		filled++ // each differs
		x[0], x[1] = 1, 1e25*filled
	}}
	_, err = tr.Fit(context.Background(), images, FitOptions{Epochs: 1})
	var found *NotFiniteError
	require.ErrorAs(t, err, &found)
	assert.Equal(t, NotFiniteError{Step: 1, Epoch: 1, Layer: "batch_normalization", What: "output"}, *found)
	assert.Equal(t, before, weights(t, tr))
}

// A step that halts changes nothing.
func TestHaltLeavesMovingAverages(t *testing.T) {
	tr := compile(t, traintest.NormalizedNet(t), 2, Adam{})
	require.NoError(t, runStep(t, tr, 8, 8, 0))
	before := weights(t, tr)
	step, err := tr.TrainingStep(8)
	require.NoError(t, err)
	x := make([]float32, 8*28*28)
	x[300] = float32(math.Inf(1))
	require.NoError(t, step.Run(x, make([]int32, 8)))
	require.NoError(t, runStep(t, tr, 8, 8, 0), "nor does one after it")
	_, err = step.Result()
	require.ErrorAs(t, err, new(*NotFiniteError))
	assert.Equal(t, before, weights(t, tr))
}
