package train

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/model"
	"cnn-gpu/train/data"
)

// benchmarked is a small model with images to time it on.
func benchmarked(t *testing.T) (*Trainer, data.Set) {
	t.Helper()
	m, err := model.Sequential(model.Input(6, 6, 1),
		model.Conv2D{Filters: 4, Kernel: [2]int{3, 3}, Activation: model.ReLU}, model.Flatten{}, model.Dense{Units: 3, Activation: model.Softmax})
	require.NoError(t, err)
	trainer, err := Compile(m, Options{Optimizer: Adam{}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, trainer.Close()) })
	return trainer, data.Noise(m.Input.Shape, 3, 10, 1)
}

func TestBenchmarkCountsItsSteps(t *testing.T) {
	trainer, set := benchmarked(t)
	for _, benchmark := range []func(context.Context, data.Set, BenchmarkOptions) (*Benchmark, error){trainer.BenchmarkFit, trainer.BenchmarkPredict} {
		begun := time.Now()
		b, err := benchmark(t.Context(), set, BenchmarkOptions{Batch: 4, Steps: 7}) // more than one pass: 10 images are two whole batches
		require.NoError(t, err)
		assert.Equal(t, 4, b.Batch)
		assert.Equal(t, 7, b.Steps)
		assert.Positive(t, b.Min)
		assert.GreaterOrEqual(t, b.Median, b.Min)
		assert.InEpsilon(t, 4/b.Median, b.ImagesPerSecond, 1e-9)
		assert.True(t, b.FirstStep.After(begun) && b.FirstStep.Before(time.Now()))
		assert.Equal(t, 4, b.Profile.Batch)
		assert.LessOrEqual(t, b.Profile.Steps, 7)

		b, err = benchmark(t.Context(), set, BenchmarkOptions{Batch: 4, Time: time.Millisecond})
		require.NoError(t, err)
		assert.Positive(t, b.Steps, "the time holds a window at least")
	}
}

func TestBenchmarkLeavesNoTrace(t *testing.T) {
	trainer, set := benchmarked(t)
	fit := func() []float32 {
		_, err := trainer.Fit(t.Context(), set, FitOptions{Batch: 4})
		require.NoError(t, err)
		return weights(t, trainer)
	}
	before := weights(t, trainer)
	_, err := trainer.BenchmarkFit(t.Context(), set, BenchmarkOptions{Batch: 4, Steps: 3})
	require.NoError(t, err)
	assert.Equal(t, before, weights(t, trainer))
	assert.Equal(t, Position{}, trainer.Position())
	untouched, _ := benchmarked(t)
	want := func() []float32 {
		_, err := untouched.Fit(t.Context(), set, FitOptions{Batch: 4})
		require.NoError(t, err)
		return weights(t, untouched)
	}()
	assert.Equal(t, want, fit(), "training goes on as if nothing had been timed")
}

func TestBenchmarkStopsWithItsContext(t *testing.T) {
	trainer, set := benchmarked(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := trainer.BenchmarkFit(ctx, set, BenchmarkOptions{Batch: 4})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestBenchmarkRefuses(t *testing.T) {
	trainer, set := benchmarked(t)
	for _, benchmark := range []func(context.Context, data.Set, BenchmarkOptions) (*Benchmark, error){trainer.BenchmarkFit, trainer.BenchmarkPredict} {
		_, err := benchmark(t.Context(), set, BenchmarkOptions{Batch: 11})
		assert.ErrorContains(t, err, "10 examples")
		_, err = benchmark(t.Context(), data.Noise([]int{6, 5, 1}, 3, 10, 1), BenchmarkOptions{Batch: 4})
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
