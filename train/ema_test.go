package train

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/model"
	"cnn-gpu/train/internal/traintest"
)

// averaging compiles a training with averages of the weights for the CPU.
func averaging(t *testing.T, m *model.Model, e EMA) *Trainer {
	t.Helper()
	tr, err := Compile(m, Options{Optimizer: SGD{LearningRate: 0.05}, EMA: e, Metrics: []Metric{Accuracy}, Seed: 7})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tr.Close()) })
	return tr
}

// The averages are what is evaluated, predicted and downloaded, and the weights that are learnt do not know of them unless they are overwritten.
func TestEMA(t *testing.T) {
	const momentum = 0.75
	m := traintest.NormalizedNet(t)
	plain, tr := averaging(t, m, EMA{}), averaging(t, m, EMA{Momentum: momentum})
	assert.Equal(t, weights(t, plain), weights(t, tr), "before the first step")
	want := m.NewWeights()
	for step := range 5 {
		require.NoError(t, runStep(t, plain, 8, 8, 0))
		require.NoError(t, runStep(t, tr, 8, 8, 0))
		now, err := plain.Weights()
		require.NoError(t, err)
		for p, average := range want.All() {
			values, err := now.Values(p.Name)
			require.NoError(t, err)
			for i, v := range values {
				if average[i] = momentum*average[i] + (1-momentum)*v; step == 0 || p.NonTrainable {
					average[i] = v
				}
			}
		}
		assert.InDeltaSlice(t, want.Padded(), weights(t, tr), 1e-6, "step %d", step)
	}
	averaged, err := tr.Weights()
	require.NoError(t, err)
	other, err := Compile(m, Options{Weights: averaged, Metrics: []Metric{Accuracy}})
	require.NoError(t, err)
	defer other.Close()
	got, err := tr.Evaluate(context.Background(), digits(30), 8)
	require.NoError(t, err)
	result, err := other.Evaluate(context.Background(), digits(30), 8)
	require.NoError(t, err)
	assert.Equal(t, result, got)

	// What a person looks at is of what predicts.
	maps, err := m.LayerOutput("conv2d")
	require.NoError(t, err)
	x := make([]float32, m.Input.Shape.Elements())
	x[len(x)/2] = 1
	look := func(tr *Trainer) (seen [][]float32) {
		param, err := tr.Param(m.Params[0])
		require.NoError(t, err)
		heat, err := tr.GradCAM(x, maps, 1)
		require.NoError(t, err)
		values, err := tr.Values(x, maps)
		require.NoError(t, err)
		return [][]float32{param, heat, values[maps]}
	}
	assert.Equal(t, look(other), look(tr))
}

// A training with averages that is interrupted goes on to the bits that it would have had.
func TestEMAResumes(t *testing.T) {
	e := EMA{Momentum: 0.9, Overwrite: 4}
	m := frozen(t, traintest.NormalizedNet(t), "conv2d")
	options := FitOptions{Epochs: 3, Batch: 8, Validation: digits(10)}
	whole := averaging(t, m, e)
	want, err := whole.Fit(context.Background(), digits(20), options)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	first := averaging(t, m, e)
	options.Epochs, options.Checkpoint = 1, func() error { return first.SaveCheckpoint(file, nil) }
	_, err = first.Fit(context.Background(), digits(20), options)
	require.NoError(t, err)
	c, err := ReadCheckpoint(file)
	require.NoError(t, err)
	saved, err := c.Weights()
	require.NoError(t, err)
	assert.Equal(t, weights(t, first), saved.Padded(), "what a checkpoint gives are the averages")

	second := averaging(t, m, e)
	require.NoError(t, second.LoadCheckpoint(file))
	assert.Equal(t, weights(t, first), weights(t, second))
	options.Epochs, options.Checkpoint = 3, nil
	got, err := second.Fit(context.Background(), digits(20), options)
	require.NoError(t, err)
	assert.Equal(t, weights(t, whole), weights(t, second))
	for i := range want {
		assert.Equal(t, want[i].Validation, got[i].Validation)
	}
	assert.ErrorContains(t, averaging(t, m, EMA{}).LoadCheckpoint(file), "\n  ema: momentum 0.9, overwriting every 4 steps then, nothing now")
	assert.ErrorContains(t, averaging(t, m, EMA{Momentum: 0.5}).LoadCheckpoint(file), "\n  ema: momentum 0.9, overwriting every 4 steps then, momentum 0.5 now")
}

func TestEMARefuses(t *testing.T) {
	for want, e := range map[string]EMA{
		"train: EMA momentum 1; give a number above 0 and below 1":                                                   {Momentum: 1},
		"train: EMA momentum -0.5; give a number above 0 and below 1":                                                {Momentum: -0.5},
		"train: EMA overwrites the weights every -1 steps; give at least 1, or 0 for never":                          {Momentum: 0.5, Overwrite: -1},
		"train: EMA overwrites the weights by averages, of which there are none; give their momentum, such as 0.999": {Overwrite: 3},
	} {
		_, err := Compile(traintest.SmallNet(t, 0), Options{EMA: e})
		assert.EqualError(t, err, want)
	}
}

// Averages cost a device what it gives back.
func TestEMAGivesBack(t *testing.T) {
	d, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer d.Close()
	for range 2 {
		tr, err := Compile(traintest.SmallNet(t, 0), Options{Device: d, Optimizer: SGD{}, EMA: EMA{Momentum: 0.5}})
		require.NoError(t, err)
		assert.Contains(t, tr.own(), tr.averages)
		require.NoError(t, tr.Close())
	}
}
