package train

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model/safetensors"
	"cnn-gpu/train/internal/traintest"
)

// A run that is interrupted anywhere, saved and resumed by a new trainer ends with the bits of one that was not.
func TestResume(t *testing.T) {
	const epochs = 3
	options := FitOptions{Epochs: epochs, Batch: 16, Validation: digits(20)}
	whole := compile(t, traintest.SmallNet(t, 0.3), 2, Adam{})
	want, err := whole.Fit(context.Background(), digits(100), options)
	require.NoError(t, err)

	for _, reads := range []int{1, 60, 100, 110, 130, 250, 350} {
		ctx, cancel := context.WithCancel(context.Background())
		set, count := digits(100), 0
		set.spoil = func(int, []float32, *int32) error {
			if count++; count == reads {
				cancel()
			}
			return nil
		}
		path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
		first := compile(t, traintest.SmallNet(t, 0.3), 1, Adam{})
		interrupted := options
		interrupted.Checkpoint = func() error { return first.SaveCheckpoint(path, nil) }
		_, err := first.Fit(ctx, set, interrupted)
		if count >= reads && first.Position().Fit < epochs && err == nil {
			t.Fatalf("not interrupted after %d reads", reads)
		}

		second := compile(t, traintest.SmallNet(t, 0.3), 3, Adam{})
		require.NoError(t, second.LoadCheckpoint(path))
		if at := second.Position(); at.Fit < epochs {
			_, err = second.Fit(context.Background(), digits(100), options)
			require.NoError(t, err)
		}
		require.Equal(t, weights(t, whole), weights(t, second), "interrupted after %d reads", reads)
		got := second.History()
		require.Len(t, got, epochs)
		for i := range want {
			assert.Equal(t, want[i].Training, got[i].Training, "interrupted after %d reads, epoch %d", reads, i+1)
			assert.Equal(t, want[i].Validation, got[i].Validation)
		}
	}
}

func TestCheckpointOfAnotherTraining(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	saved := compile(t, traintest.SmallNet(t, 0.3), 1, Adam{})
	require.NoError(t, saved.SaveCheckpoint(path, nil))
	assert.ErrorContains(t, compile(t, traintest.SmallNet(t, 0.3), 1, Adam{}).LoadCheckpoint(path+"x"), "no such file")
	for want, o := range map[string]Options{
		"optimizer: adam then, sgd now":                                  {Optimizer: SGD{}, Seed: 7},
		"optimizer: adam then, adam {Epsilon:0.01 WeightDecay:0.25} now": {Optimizer: Adam{Epsilon: 0.01, WeightDecay: 0.25}, Seed: 7},
		"clipping: nothing then, norm 1 now":                             {Optimizer: Adam{}, Clipping: Clipping{GlobalNorm: 1}, Seed: 7},
		"clipping: nothing then, norm of each 1 now":                     {Optimizer: Adam{}, Clipping: Clipping{Norm: 1}, Seed: 7},
		"loss: sparse_categorical_crossentropy {FromLogits:false LabelSmoothing:0} then, " +
			"sparse_categorical_crossentropy {FromLogits:false LabelSmoothing:0.1} now": {Optimizer: Adam{}, Seed: 7, Loss: SparseCategoricalCrossEntropy{LabelSmoothing: 0.1}},
		"seed: 7 then, 8 now":               {Optimizer: Adam{}, Seed: 8},
		"strict: false then, true now":      {Optimizer: Adam{}, Seed: 7, Strict: true},
		"precision: default then, fp32 now": {Optimizer: Adam{}, Seed: 7, Precision: kernels.FP32},
	} {
		other, err := Compile(traintest.SmallNet(t, 0.3), o)
		require.NoError(t, err)
		defer other.Close()
		assert.EqualError(t, other.LoadCheckpoint(path), "train: checkpoint "+path+
			": the training that was interrupted differs from this one; give this one the same settings, or begin anew:\n  "+want)
	}
	other, err := Compile(traintest.SmallNet(t, 0.5), Options{Optimizer: Adam{}, Seed: 8})
	require.NoError(t, err)
	defer other.Close()
	var different *DifferenceError
	require.ErrorAs(t, other.LoadCheckpoint(path), &different)
	require.Len(t, different.Differences, 2)
	assert.Equal(t, Difference{"seed", "7", "8"}, different.Differences[1])
	assert.ErrorContains(t, different, "\n  model: - Dropout: {rate: 0.3} then, - Dropout: {rate: 0.5} now\n  seed: ")

	// The same CPU with other code rounds otherwise; a GPU may go on with what a CPU began.
	file, err := safetensors.Read(path)
	require.NoError(t, err)
	assert.Equal(t, device.CPUCode(), file.Metadata["cpu code"])
	file.Metadata["cpu code"] = "abacus"
	require.NoError(t, safetensors.Write(path, file))
	assert.ErrorContains(t, compile(t, traintest.SmallNet(t, 0.3), 1, Adam{}).LoadCheckpoint(path), "cpu code: abacus then, "+device.CPUCode()+" now")
	delete(file.Metadata, "cpu code")
	delete(file.Metadata, "precision")
	file.Metadata["optimizer"] = "adam {LearningRate:0 Beta1:0 Beta2:0 Epsilon:0}" // as versions without weight decay wrote it
	require.NoError(t, safetensors.Write(path, file))
	assert.NoError(t, compile(t, traintest.SmallNet(t, 0.3), 1, Adam{}).LoadCheckpoint(path))
}

// The position of a Fit counts batches: in others, or of other data, it would be at another example.
func TestFitGoesOnInTheSameBatches(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	ctx, cancel := context.WithCancel(context.Background())
	set, reads := digits(100), 0
	set.spoil = func(int, []float32, *int32) error {
		if reads++; reads == 31 { // the fourth batch is filled where the first was, when that is done
			cancel()
		}
		return nil
	}
	first := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	_, err := first.Fit(ctx, set, FitOptions{Batch: 10, Checkpoint: func() error { return first.SaveCheckpoint(path, nil) }})
	require.ErrorIs(t, err, context.Canceled)
	require.Positive(t, first.Position().Batch)

	second := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	require.NoError(t, second.LoadCheckpoint(path))
	before, err := first.Snapshot()
	require.NoError(t, err)
	for _, tr := range []*Trainer{first, second} {
		_, err = tr.Fit(context.Background(), digits(100), FitOptions{Batch: 20})
		assert.EqualError(t, err, "train: fit: the training that was interrupted differs from this one; give this one the same settings, or begin anew:\n  batch: 10 then, 20 now")
		_, err = tr.Fit(context.Background(), digits(90), FitOptions{Batch: 10})
		assert.ErrorContains(t, err, "examples: 100 then, 90 now")
		_, err = tr.Fit(context.Background(), digits(100), FitOptions{Batch: 10})
		require.NoError(t, err)
		_, err = tr.Fit(context.Background(), digits(90), FitOptions{Batch: 30})
		require.NoError(t, err, "a Fit that is over binds nobody")
	}
	require.NoError(t, first.Restore(before))
	_, err = first.Fit(context.Background(), digits(100), FitOptions{Batch: 20})
	assert.ErrorContains(t, err, "batch: 10 then, 20 now")
}

func TestCheckpointMetadata(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	tr := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	require.NoError(t, tr.SaveCheckpoint(path, map[string]string{"mine": "1"}))
	for _, key := range []string{"seed", "pace", "history"} {
		assert.EqualError(t, tr.SaveCheckpoint(path, map[string]string{key: "1"}), `train: checkpoint: the metadata "`+key+`" are the checkpoint's own; choose another key`)
	}
	file, err := safetensors.Read(path)
	require.NoError(t, err)
	assert.Equal(t, "1", file.Metadata["mine"])
}

// A checkpoint is taken within an epoch when CheckpointEvery has passed, and only then.
func TestCheckpointEvery(t *testing.T) {
	const batches, late = 8, 5
	for _, c := range []struct {
		every time.Duration
		want  []Position
	}{
		{0, []Position{{Epoch: 1, Fit: 1}}},
		{time.Hour, []Position{{Epoch: 1, Fit: 1}}},
		{time.Nanosecond, []Position{{Batch: late + 1}, {Epoch: 1, Fit: 1}}},
	} {
		set, reads := digits(batches*4), 0
		set.spoil = func(int, []float32, *int32) error {
			if reads++; reads == late*4+1 { // a batch that takes longer than the time between two looks at the device
				time.Sleep(progressInterval)
			}
			return nil
		}
		tr := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
		var at []Position
		_, err := tr.Fit(context.Background(), set, FitOptions{Batch: 4, CheckpointEvery: c.every, Checkpoint: func() error {
			at = append(at, tr.Position())
			return nil
		}})
		require.NoError(t, err)
		assert.Equal(t, c.want, at, "every %v", c.every)
	}
}

// CheckpointSteps counts the steps of each epoch, and a snapshot that is saved later is that of its moment.
func TestCheckpointSteps(t *testing.T) {
	tr := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	var at []Position
	var taken []*Snapshot
	_, err := tr.Fit(context.Background(), digits(32), FitOptions{Epochs: 2, Batch: 4, CheckpointSteps: 3, Checkpoint: func() error {
		s, err := tr.Snapshot()
		at, taken = append(at, s.Position()), append(taken, s)
		return err
	}})
	require.NoError(t, err)
	assert.Equal(t, []Position{{Batch: 3}, {Batch: 6}, {Epoch: 1, Fit: 1}, {Epoch: 1, Fit: 1, Batch: 3}, {Epoch: 1, Fit: 1, Batch: 6}, {Epoch: 2, Fit: 2}}, at)
	assert.Len(t, taken[2].History(), 1)

	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	require.NoError(t, taken[3].SaveCheckpoint(path, nil))
	again := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	require.NoError(t, again.LoadCheckpoint(path))
	assert.Equal(t, at[3], again.Position())
	then, err := taken[3].Weights()
	require.NoError(t, err)
	assert.Equal(t, then.Padded(), weights(t, again))
	_, err = again.Fit(context.Background(), digits(32), FitOptions{Epochs: 2, Batch: 4})
	require.NoError(t, err)
	assert.Equal(t, weights(t, tr), weights(t, again))

	values := &then.Padded()[0]
	require.NoError(t, taken[3].Retake())
	assert.Equal(t, tr.Position(), taken[3].Position())
	now, err := taken[3].Weights()
	require.NoError(t, err)
	assert.Equal(t, weights(t, tr), now.Padded())
	assert.Same(t, values, &now.Padded()[0], "the memory is the same")
}

// A checkpoint that lost its checksum is refused, and what is allowed to differ may differ.
func TestLoadCheckpointAllows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	tr := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	require.NoError(t, tr.SaveCheckpoint(path, nil))
	file, err := safetensors.Read(path)
	require.NoError(t, err)
	file.Metadata["cpu code"] = "abacus"
	require.NoError(t, safetensors.Write(path, file))
	assert.ErrorContains(t, tr.LoadCheckpoint(path, "examples"), "cpu code: abacus then")
	assert.NoError(t, tr.LoadCheckpoint(path, "cpu code"))

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	foreign := bytes.ReplaceAll(text, []byte("cnn-gpu."), []byte("another."))
	require.NoError(t, os.WriteFile(path, foreign, 0o666))
	assert.ErrorContains(t, tr.LoadCheckpoint(path), path+": it has no checksum")
}

func TestFitGoesOn(t *testing.T) {
	whole := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	_, err := whole.Fit(context.Background(), digits(40), FitOptions{Epochs: 3, Batch: 16})
	require.NoError(t, err)
	parts := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	for _, epochs := range []int{1, 2} {
		_, err = parts.Fit(context.Background(), digits(40), FitOptions{Epochs: epochs, Batch: 16})
		require.NoError(t, err)
	}
	assert.Equal(t, weights(t, whole), weights(t, parts))
	assert.Len(t, parts.History(), 3)
	assert.Equal(t, 3, parts.History()[2].Epoch)
}

// The seconds of an epoch count what it took before it was interrupted, and its rate all of its images.
func TestSecondsOfAResumedEpoch(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	set, reads := digits(64), 0
	set.spoil = func(int, []float32, *int32) error {
		if reads++; reads == 32 {
			cancel()
		}
		return nil
	}
	first := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	_, err := first.Fit(ctx, set, FitOptions{Batch: 4, Checkpoint: func() error {
		first.elapsed = time.Hour
		return first.SaveCheckpoint(path, nil)
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.NotZero(t, first.Position().Batch)

	second := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	require.NoError(t, second.LoadCheckpoint(path))
	history, err := second.Fit(context.Background(), digits(64), FitOptions{Batch: 4})
	require.NoError(t, err)
	assert.Greater(t, history[0].Seconds, 3600.0)
	assert.InEpsilon(t, 64/history[0].Seconds, history[0].ImagesPerSecond, 1e-9)
	history, err = second.Fit(context.Background(), digits(64), FitOptions{Batch: 4})
	require.NoError(t, err)
	assert.Less(t, history[1].Seconds, 3600.0, "an hour of the epoch before")

	file, err := safetensors.Read(path)
	require.NoError(t, err)
	file.Metadata[elapsedKey] = "long"
	require.NoError(t, safetensors.Write(path, file))
	assert.ErrorContains(t, second.LoadCheckpoint(path), `its elapsed is "long", which is no number of seconds`)
}
