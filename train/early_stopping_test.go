package train

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/internal/traintest"
)

// A Fit stops after the epoch after which Keras's would.
func TestStopsWhereKerasDoes(t *testing.T) {
	for _, row := range readKeras(t).EarlyStopping {
		stopped, history := 0, []Epoch{}
		for i, loss := range row.Losses {
			history = append(history, Epoch{Epoch: i + 1, Training: Result{Loss: -loss}, Validation: &Result{Loss: loss}})
			if (FitOptions{Patience: row.Patience}).Stalls(history) {
				stopped = i + 1
				break
			}
		}
		assert.Equal(t, row.Stopped, stopped, "patience %d", row.Patience)
	}
}

// A Fit that stops early says so in its last epoch, stays where it is, and goes on with more patience as one that had it.
func TestEarlyStopping(t *testing.T) {
	wrong := digits(64) // whose labels nothing can have learnt
	wrong.spoil = func(_ int, _ []float32, label *int32) error { *label = (*label + 1) % 10; return nil }
	const epochs = 30
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	fit := func(tr *Trainer, patience int) []Epoch {
		history, err := tr.Fit(context.Background(), digits(64), FitOptions{
			Epochs: epochs, Batch: 16, Validation: wrong, Patience: patience, Checkpoint: func() error { return tr.SaveCheckpoint(path, nil) },
		})
		require.NoError(t, err)
		return history
	}
	tr := compile(t, traintest.SmallNet(t, 0.3), 1, Adam{LearningRate: 0.01})
	history := fit(tr, 3)
	last := len(history) - 1
	require.Less(t, last+1, epochs)
	for i, e := range history {
		assert.Equal(t, i == last, e.Stopped, "epoch %d", i+1)
	}
	assert.Equal(t, last-3, BestEpoch(history))
	assert.Equal(t, Position{Epoch: last + 1}, tr.Position(), "another Fit begins anew")

	again := compile(t, traintest.SmallNet(t, 0.3), 1, Adam{LearningRate: 0.01})
	require.NoError(t, again.LoadCheckpoint(path))
	assert.Len(t, fit(again, 3), last+1, "it is over")
	require.NoError(t, again.LoadCheckpoint(path))
	assert.Len(t, fit(again, 5), last+3)

	patient := compile(t, traintest.SmallNet(t, 0.3), 1, Adam{LearningRate: 0.01})
	assert.Len(t, fit(patient, 5), last+3)
	assert.Equal(t, weights(t, patient), weights(t, again))

	assert.Len(t, fit(compile(t, traintest.SmallNet(t, 0.3), 1, Adam{LearningRate: 0.01}), 0), epochs)
	_, err := tr.Fit(context.Background(), digits(64), FitOptions{Patience: -1})
	assert.ErrorContains(t, err, "a patience of -1 epochs; give at least 1, or 0 to never stop early")
}
