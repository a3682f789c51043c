//go:build cuda && cgo

package bench

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
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

// A sample of the blocks says of a step what all of them say: blocks of a launch do nearly the same, but for those at the borders of a grid and of
// images, of which 64 blocks meet some, so that what an op counts is right to a few percent. Its time may be less so: how often machine code runs is
// found out from those counts, where a part that few blocks run may be taken for another, and what few ops do depends on values. So single ops may
// be apart by more, and all of them together by 6% of the step.
func TestSampledBenchmark(t *testing.T) {
	traintest.SimulatedOnly(t)
	m, err := model.Sequential(model.Input(28, 28, 1),
		model.Conv2D{Filters: 32, Kernel: [2]int{3, 3}, Activation: model.ReLU}, model.MaxPooling2D{}, model.BatchNormalization{},
		model.Conv2D{Filters: 64, Kernel: [2]int{3, 3}, Activation: model.ReLU}, model.MaxPooling2D{},
		model.Flatten{}, model.Dense{Units: 10, Activation: model.Softmax})
	require.NoError(t, err)
	const batch = 160
	set := data.Noise(m.Input.Shape, 10, batch, 1)
	benchmark := func(o device.Options) *Result {
		d, err := device.Open("sim:h200", o)
		require.NoError(t, err)
		trainer, err := train.Compile(m, train.Options{Device: d, Optimizer: train.Adam{}})
		require.NoError(t, err)
		b, err := Fit(t.Context(), trainer, set, Options{Batch: batch})
		require.NoError(t, errors.Join(err, trainer.Close(), d.Close()))
		return b
	}
	t.Setenv(device.SimChecksEnv, "off")
	whole, sampled := benchmark(device.Options{Timing: true}), benchmark(device.Options{Sample: true})
	assert.Zero(t, whole.Sampled)
	assert.Greater(t, sampled.Sampled, 10)
	assert.LessOrEqual(t, sampled.Sampled, sampled.Launches)
	assert.InEpsilon(t, whole.Graph, sampled.Graph, 0.05)
	apart := 0.0
	for i, op := range whole.Profile.Ops {
		got := sampled.Profile.Ops[i]
		assert.Nil(t, op.Sample, op.Op)
		apart += math.Abs(got.Seconds - op.Seconds)
	}
	assert.Less(t, apart, 0.06*whole.Profile.Seconds(), "the ops, one by one")
}
