//go:build cuda && cgo

package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/traintest"
)

func TestGPUBenchmark(t *testing.T) {
	m, err := model.Sequential(model.Input(6, 6, 1),
		model.Conv2D{Filters: 4, Kernel: [2]int{3, 3}, Activation: model.ReLU}, model.Flatten{}, model.Dense{Units: 3, Activation: model.Softmax})
	require.NoError(t, err)
	d := traintest.OpenGPU(t)
	defer d.Close()
	trainer, err := train.Compile(m, train.Options{Device: d, Optimizer: train.Adam{}})
	require.NoError(t, err)
	set := data.Noise(m.Input.Shape, 3, 10, 1)
	for _, benchmark := range kinds {
		b, err := benchmark(t.Context(), trainer, set, Options{Batch: 4, Steps: 3})
		require.NoError(t, err)
		assert.Positive(t, b.Median)
		if d.Name() == "sim" {
			assert.True(t, b.Profile.Estimated)
			assert.Equal(t, b.Graph, b.Median, "the simulation's own time is no time of a step")
			assert.Less(t, b.Graph, b.Profile.Seconds()+1e-8, "what waits for nothing runs at the same time")
		}
		assert.Positive(t, b.Stages)
		assert.GreaterOrEqual(t, b.Launches, b.Stages)
	}
}
