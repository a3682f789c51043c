package train

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"cnn-gpu/device"
	"cnn-gpu/model"
	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/traintest"
)

// Two trainers of one model on one device, their steps in turns, learn what each learns alone.
func TestTrainersOfOneModelAreIndependent(t *testing.T) {
	m := traintest.SmallNet(t, 0.1)
	open := func(d device.Device, seed uint64) *Trainer {
		tr, err := Compile(m, Options{Device: d, Optimizer: Adam{}, Seed: seed})
		require.NoError(t, err)
		return tr
	}
	fit := func(tr *Trainer) {
		_, err := tr.Fit(context.Background(), digits(48), FitOptions{Batch: 16, Validation: digits(20)})
		require.NoError(t, err)
	}
	cpu := func() device.Device {
		d, err := device.OpenCPU(device.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, d.Close()) })
		return d
	}
	first, second := open(cpu(), 1), open(cpu(), 2)
	shared := cpu()
	a, b := open(shared, 1), open(shared, 2)
	assert.NotEqual(t, weights(t, a), weights(t, b))
	for range 2 {
		for _, tr := range []*Trainer{first, second, a, b} {
			fit(tr)
		}
	}
	assert.Equal(t, weights(t, first), weights(t, a))
	assert.Equal(t, weights(t, second), weights(t, b))
}

// openAndClose compiles, fits for a step, evaluates, predicts and closes a trainer on a device that stays open.
func openAndClose(t *testing.T, m *model.Model, d device.Device) {
	t.Helper()
	tr, err := Compile(m, Options{Device: d, Optimizer: Adam{}})
	require.NoError(t, err)
	set := data.Noise(m.Input.Shape, 3, 4, 1)
	_, err = tr.Fit(context.Background(), set, FitOptions{Batch: 4, Validation: set})
	require.NoError(t, err)
	if len(m.Input.Shape) == 3 {
		_, err = tr.Fit(context.Background(), set, FitOptions{Batch: 4, Augment: pipeline(t, "mixup")})
		require.NoError(t, err)
	}
	_, err = tr.Predict(context.Background(), tensor.New(tensor.WithShape(m.Input.Shape...), tensor.Of(tensor.Float32)))
	require.NoError(t, err)
	require.NoError(t, tr.Close())
}

// A hundred trainers on one device leave no more memory taken than one.
func TestClosedTrainersLeaveNothing(t *testing.T) {
	m, err := model.Sequential(model.Input(10, 10, 3), model.Flatten{}, model.Dense{Units: 300}, model.Dense{Units: 3, Activation: model.Softmax})
	require.NoError(t, err)
	d, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer d.Close()
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // what the first one finalized
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	var before int64
	for i := range 100 {
		if openAndClose(t, m, d); i == 0 {
			before = heap()
		}
	}
	weights := int64(len(m.NewWeights().Padded()) * 4)
	assert.Less(t, heap()-before, 2*weights, "a trainer's weights, gradients and moments are four times as much")
}

// What is asked of a closed trainer is an error, whether it began before or not; another trainer on the device goes on.
func TestClosedTrainer(t *testing.T) {
	d, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer d.Close()
	m := traintest.SmallNet(t, 0)
	open := func() *Trainer {
		tr, err := Compile(m, Options{Device: d, Optimizer: Adam{}})
		require.NoError(t, err)
		return tr
	}
	tr, other := open(), open()
	step, err := tr.TrainingStep(1)
	require.NoError(t, err)
	want := weights(t, other)
	require.NoError(t, tr.Close())
	require.NoError(t, tr.Close(), "twice is once")

	ctx, image := context.Background(), make([]float32, 28*28)
	_, fit := tr.Fit(ctx, digits(4), FitOptions{Batch: 4})
	_, evaluate := tr.Evaluate(ctx, digits(4), 4)
	_, predict := tr.Predict(ctx, tensor.New(tensor.WithShape(28, 28, 1), tensor.WithBacking(image)))
	_, download := tr.Weights()
	_, snapshot := tr.Snapshot()
	_, result := step.Result()
	for i, err := range []error{fit, evaluate, predict, download, snapshot, result, step.Run(image, []int32{0}), step.Reset()} {
		assert.ErrorContains(t, err, "the trainer is closed", i)
	}
	assert.Equal(t, "cpu", tr.Device().Name())

	assert.Equal(t, want, weights(t, other))
	_, err = other.Fit(ctx, digits(4), FitOptions{Batch: 4})
	assert.NoError(t, errors.Join(err, other.Close()))
}
