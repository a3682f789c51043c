package bench

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
)

// benchmarked is a small model with images to time it on.
func benchmarked(t *testing.T) (*train.Trainer, data.Set) {
	t.Helper()
	m, err := model.Sequential(model.Input(6, 6, 1),
		model.Conv2D{Filters: 4, Kernel: [2]int{3, 3}, Activation: model.ReLU}, model.Flatten{}, model.Dense{Units: 3, Activation: model.Softmax})
	require.NoError(t, err)
	trainer, err := train.Compile(m, train.Options{Optimizer: train.Adam{}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, trainer.Close()) })
	return trainer, data.Noise(m.Input.Shape, 3, 10, 1)
}

// kinds of steps that are timed.
var kinds = []func(context.Context, *train.Trainer, data.Set, Options) (*Result, error){Fit, Predict}

func weights(t *testing.T, trainer *train.Trainer) []float32 {
	t.Helper()
	w, err := trainer.Weights()
	require.NoError(t, err)
	return w.Padded()
}

func TestBenchmarkCountsItsSteps(t *testing.T) {
	trainer, set := benchmarked(t)
	for _, benchmark := range kinds {
		begun := time.Now()
		b, err := benchmark(t.Context(), trainer, set, Options{Batch: 4, Steps: 7}) // more than one pass: 10 images are two whole batches
		require.NoError(t, err)
		assert.Equal(t, 4, b.Batch)
		assert.Equal(t, 7, b.Steps)
		assert.Positive(t, b.Min)
		assert.GreaterOrEqual(t, b.Median, b.Min)
		assert.InEpsilon(t, 4/b.Median, b.ImagesPerSecond, 1e-9)
		assert.True(t, b.FirstStep.After(begun) && b.FirstStep.Before(time.Now()))
		assert.Equal(t, 4, b.Profile.Batch)
		assert.LessOrEqual(t, b.Profile.Steps, 7)

		b, err = benchmark(t.Context(), trainer, set, Options{Batch: 4, Time: time.Millisecond})
		require.NoError(t, err)
		assert.Positive(t, b.Steps, "the time holds a window at least")
	}
}

func TestTimingLeavesNoTrace(t *testing.T) {
	for name, timed := range map[string]func(context.Context, *train.Trainer, data.Set) error{
		"benchmark": func(ctx context.Context, trainer *train.Trainer, set data.Set) error {
			_, err := Fit(ctx, trainer, set, Options{Batch: 4, Steps: 3})
			return err
		},
		"profile": func(ctx context.Context, trainer *train.Trainer, set data.Set) error {
			_, err := ProfileFit(ctx, trainer, set, 4, 3)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			trainer, set := benchmarked(t)
			fit := func(trainer *train.Trainer) []float32 {
				_, err := trainer.Fit(t.Context(), set, train.FitOptions{Batch: 4})
				require.NoError(t, err)
				return weights(t, trainer)
			}
			before := weights(t, trainer)
			require.NoError(t, timed(t.Context(), trainer, set))
			assert.Equal(t, before, weights(t, trainer))
			assert.Equal(t, train.Position{}, trainer.Position())
			untouched, _ := benchmarked(t)
			assert.Equal(t, fit(untouched), fit(trainer), "training goes on as if nothing had been timed")
		})
	}
}

func TestTimingStopsWithItsContext(t *testing.T) {
	trainer, set := benchmarked(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for _, benchmark := range kinds {
		_, err := benchmark(ctx, trainer, set, Options{Batch: 4})
		assert.ErrorIs(t, err, context.Canceled)
	}
	for _, profile := range []func(context.Context, *train.Trainer, data.Set, int, int) (*Profile, error){ProfileFit, ProfileEval} {
		_, err := profile(ctx, trainer, set, 4, 1)
		assert.ErrorIs(t, err, context.Canceled)
		p, err := profile(t.Context(), trainer, set, 4, 2)
		require.NoError(t, err)
		assert.Equal(t, 2, p.Steps)
	}
}

func TestBenchmarkRefuses(t *testing.T) {
	trainer, set := benchmarked(t)
	for _, benchmark := range kinds {
		_, err := benchmark(t.Context(), trainer, set, Options{Batch: 11})
		assert.ErrorContains(t, err, "10 examples")
		_, err = benchmark(t.Context(), trainer, data.Noise([]int{6, 5, 1}, 3, 10, 1), Options{Batch: 4})
		assert.ErrorContains(t, err, "[6 5 1]")
	}
}

func TestProfileAgainstARoofline(t *testing.T) {
	p := &Profile{Ops: []OpProfile{
		{FLOPs: 8e9, Bytes: 1e9, Seconds: 4}, // 2 s of arithmetic, 0.5 s of memory
		{FLOPs: 1e9, Bytes: 6e9, Seconds: 3}, // 0.25 s and 3 s
		{FLOPs: 1e9, Bytes: 1e9},             // too short for the clock
	}}
	p.Against(device.Roofline{GFLOPS: 4, GBS: 2})
	assert.Equal(t, 0.5, p.Ops[0].Roofline)
	assert.Equal(t, 1.0, p.Ops[1].Roofline)
	assert.Zero(t, p.Ops[2].Roofline)
}

// accelerator is the CPU as a device with memory and a clock of its own.
type accelerator struct{ device.Device }

func (accelerator) Worked() (time.Duration, bool, error) { return 0, true, nil }

// Steps on a set that lies on the device are timed as Fit runs them, many at once, and leave no trace either.
func TestBenchmarkOfAResidentSet(t *testing.T) {
	cpu, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer cpu.Close()
	loaded, set := benchmarked(t)
	trainer, err := train.Compile(loaded.Model(), train.Options{Device: accelerator{cpu}, Optimizer: train.Adam{}, Schedule: train.CosineDecay{}})
	require.NoError(t, err)
	before := weights(t, trainer)
	for _, steps := range []int{1, 7, 100} {
		b, err := Fit(t.Context(), trainer, set, Options{Batch: 4, Steps: steps})
		require.NoError(t, err)
		assert.Equal(t, steps, b.Steps)
		assert.Positive(t, b.Median)
		assert.Equal(t, before, weights(t, trainer))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Fit(ctx, trainer, set, Options{Batch: 4})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, trainer.Close())
}
