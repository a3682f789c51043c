package train

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/traintest"
)

// A trainer that normalizes does with images what one that does not does with normalized ones, bit for bit, in all that takes images.
func TestNormalization(t *testing.T) {
	n := data.Normalization{Mean: []float64{0.1307}, Std: []float64{0.3081}}
	raw := digits(40)
	begin := func(n data.Normalization) *Trainer {
		tr, err := Compile(traintest.SmallNet(t, 0.5), Options{Optimizer: Adam{}, Seed: 3, Metrics: []Metric{Accuracy}, Normalization: n})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, tr.Close()) })
		return tr
	}
	by, of, without := begin(n), begin(data.Normalization{}), begin(data.Normalization{})
	results := func(tr *Trainer, set data.Set) (weights []float32, validation Result, probabilities any) {
		history, err := tr.Fit(context.Background(), set, FitOptions{Epochs: 2, Batch: 16, Validation: set})
		require.NoError(t, err)
		w, err := tr.Weights()
		require.NoError(t, err)
		x := make([]float32, 28*28)
		_, err = set.Example(7, x)
		require.NoError(t, err)
		before := append([]float32(nil), x...)
		p, err := tr.Predict(context.Background(), tensor.New(tensor.WithShape(28, 28, 1), tensor.WithBacking(x)))
		require.NoError(t, err)
		assert.Equal(t, before, x, "the caller's image stays as it is")
		return w.Padded(), *history[1].Validation, p.Data()
	}
	weights, validation, probabilities := results(by, raw)
	wantWeights, wantValidation, wantProbabilities := results(of, data.Normalized(raw, n))
	assert.Equal(t, wantWeights, weights)
	assert.Equal(t, wantValidation, validation)
	assert.Equal(t, wantProbabilities, probabilities)
	others, _, _ := results(without, raw)
	assert.NotEqual(t, others, weights)

	path := filepath.Join(t.TempDir(), "checkpoint")
	require.NoError(t, by.SaveCheckpoint(path, nil))
	require.NoError(t, begin(n).LoadCheckpoint(path))
	assert.ErrorContains(t, begin(data.Normalization{}).LoadCheckpoint(path), "normalization: mean [0.1307], std [0.3081] then, nothing now")

	_, err := Compile(traintest.SmallNet(t, 0.5), Options{Normalization: data.Normalization{Mean: []float64{1, 2, 3}}})
	assert.ErrorContains(t, err, "3 means, images [28 28 1] have 1 channels")
}
