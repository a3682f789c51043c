package train

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
	assert.ErrorContains(t, compile(t, traintest.SmallNet(t, 0.5), 1, Adam{}).LoadCheckpoint(path), "another model")
	assert.ErrorContains(t, compile(t, traintest.SmallNet(t, 0.3), 1, SGD{}).LoadCheckpoint(path), "another optimizer")
	assert.ErrorContains(t, compile(t, traintest.SmallNet(t, 0.3), 1, Adam{}).LoadCheckpoint(path+"x"), "no such file")
	seeded, err := Compile(traintest.SmallNet(t, 0.3), Options{Optimizer: Adam{}, Seed: 8})
	require.NoError(t, err)
	defer seeded.Close()
	assert.ErrorContains(t, seeded.LoadCheckpoint(path), "another seed:\n7\nthis training has:\n8")
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
