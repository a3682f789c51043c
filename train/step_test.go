package train

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/train/internal/loader"
	"cnn-gpu/train/internal/traintest"
)

// A loop of one's own that does what Fit does ends with the same bits and the same figures.
func TestStepsOfOnesOwn(t *testing.T) {
	fitted := compile(t, traintest.SmallNet(t, 0.3), 1, Adam{})
	history, err := fitted.Fit(context.Background(), digits(40), FitOptions{Batch: 16, Validation: digits(20)})
	require.NoError(t, err)

	tr := compile(t, traintest.SmallNet(t, 0.3), 2, Adam{})
	run := func(step *Step, order []int, examples int) Result {
		require.NoError(t, step.Reset())
		l := loader.Start(context.Background(), digits(examples), order, step.Batch())
		defer l.Stop()
		for b := range l.Batches {
			require.NoError(t, b.Err)
			require.NoError(t, step.Run(b.X, b.Labels))
			l.Done(b)
		}
		result, err := step.Result()
		require.NoError(t, err)
		return result
	}
	training, err := tr.TrainingStep(16)
	require.NoError(t, err)
	assert.Equal(t, history[0].Training, run(training, loader.Shuffled(40, 7, 0), 40))
	assert.Equal(t, weights(t, fitted), weights(t, tr))
	assert.Zero(t, tr.Position())
	evaluation, err := tr.EvaluationStep(16)
	require.NoError(t, err)
	for range 2 { // Reset forgets the first time
		assert.Equal(t, *history[0].Validation, run(evaluation, loader.InOrder(20), 20))
	}

	assert.ErrorContains(t, training.Probabilities(nil), "use an EvaluationStep")
	_, err = tr.EvaluationStep(-1)
	assert.ErrorContains(t, err, "a batch of -1; give at least 1")
	step, err := tr.TrainingStep(0)
	require.NoError(t, err)
	assert.Equal(t, DefaultBatch, step.Batch())
	_, err = compile(t, traintest.SmallNet(t, 0), 1, nil).TrainingStep(1)
	assert.ErrorContains(t, err, "needs an optimizer")
}

func TestStepThatHalts(t *testing.T) {
	tr := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	before := weights(t, tr)
	step, err := tr.TrainingStep(1)
	require.NoError(t, err)
	images := make([]float32, 28*28)
	images[300] = float32(math.NaN())
	require.NoError(t, step.Run(images, []int32{1}))
	_, err = step.Result()
	var halted *NotFiniteError
	require.ErrorAs(t, err, &halted)
	assert.Equal(t, NotFiniteError{Step: 1, Epoch: 1}, *halted)
	assert.ErrorContains(t, err, "the loss or a gradient is not finite")
	assert.Equal(t, before, weights(t, tr))
}

// What is done after a snapshot leaves no trace once it is restored.
func TestSnapshot(t *testing.T) {
	fit := func(tr *Trainer) error {
		_, err := tr.Fit(context.Background(), digits(40), FitOptions{Batch: 16})
		return err
	}
	straight, tried := compile(t, traintest.SmallNet(t, 0.3), 1, Adam{}), compile(t, traintest.SmallNet(t, 0.3), 1, Adam{})
	require.NoError(t, errors.Join(fit(straight), fit(straight), fit(tried)))
	snapshot, err := tried.Snapshot()
	require.NoError(t, err)
	for range 2 { // it can be restored more than once
		require.NoError(t, errors.Join(fit(tried), fit(tried)))
		require.NoError(t, tried.Restore(snapshot))
	}
	assert.Equal(t, 1, tried.Position().Epoch)
	assert.Len(t, tried.History(), 1)
	require.NoError(t, fit(tried))
	assert.Equal(t, weights(t, straight), weights(t, tried))
	assert.ErrorContains(t, straight.Restore(snapshot), "another trainer")
}

// A step that does not fit into the device's memory says which batch would.
func TestStepTooLarge(t *testing.T) {
	tr, err := Compile(traintest.SmallNet(t, 0), Options{Device: newSmallDevice(t, 600_000), Optimizer: Adam{}})
	require.NoError(t, err)
	_, err = tr.TrainingStep(1000)
	var outOfMemory *device.OutOfMemoryError
	require.ErrorAs(t, err, &outOfMemory)
	assert.ErrorContains(t, err, "the largest batch that fits is ")
}
