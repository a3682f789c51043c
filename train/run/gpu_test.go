//go:build cuda && cgo

package run

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train"
	"cnn-gpu/train/internal/traintest"
)

// A device that fails in the middle of a run leaves the weights of the last epoch in the folder, and the next run works.
func TestGPUFaultsKeepTheWeights(t *testing.T) {
	traintest.SimulatedOnly(t) // a real GPU has no faults to order
	for fault, want := range map[string]string{
		"launch@150": "CUDA_ERROR_LAUNCH_FAILED",
		"copy@60":    "CUDA_ERROR_ECC_UNCORRECTABLE",
		"lost@200":   "CUDA_ERROR_DEVICE_UNAVAILABLE",
	} {
		t.Run(fault, func(t *testing.T) {
			c := config(t)
			c.Device, c.Epochs = "sim", 50
			t.Setenv("CNN_GPU_SIM_FAULT", fault)
			r, err := New(c)
			require.NoError(t, err)
			var epochs []train.Epoch
			_, err = r.Train(context.Background(), Hooks{OnEpoch: func(e train.Epoch) { epochs = append(epochs, e) }})
			require.ErrorContains(t, err, want)
			assert.ErrorContains(t, err, "what was saved before is whole: cnn-gpu train --resume "+r.Dir()+" goes on from there")
			require.NotEmpty(t, epochs, "the fault is to come later")
			require.Less(t, len(epochs), 50)
			_ = r.Close() // it may say again what is broken

			saved, err := Load(r.Dir())
			require.NoError(t, err)
			t.Setenv("CNN_GPU_SIM_FAULT", "")
			again, err := Resume(r.Dir(), ResumeOptions{})
			require.NoError(t, err)
			defer func() { assert.NoError(t, again.Close()) }()
			if history := again.Trainer().History(); len(history) < len(epochs) {
				// The weights of an epoch are saved before its checkpoint, and the fault came in between. When it comes depends on the time
				// that epochs take: now and then one reads the device for its progress.
				assert.Len(t, history, len(epochs)-1)
				return
			}
			weights, err := again.Trainer().Weights()
			require.NoError(t, err)
			assert.True(t, slices.Equal(weights.Padded(), saved.Weights.Padded()), "what the next run goes on from")
			assert.Len(t, again.Trainer().History(), len(epochs))
		})
	}
}
