package train

import (
	"context"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/model"
	"cnn-gpu/train/internal/traintest"
)

func frozen(t *testing.T, m *model.Model, patterns ...string) *model.Model {
	t.Helper()
	m, err := m.Freeze(patterns...)
	require.NoError(t, err)
	return m
}

// assertStays says whether the frozen parameters have the bits that they began with; with others, whether all others have not.
func assertStays(t *testing.T, tr *Trainer, others bool) {
	t.Helper()
	before := tr.Model().InitialWeights(7)
	after, err := tr.Weights()
	require.NoError(t, err)
	layers := tr.Model().Frozen()
	require.NotEmpty(t, layers)
	for p, values := range before.All() {
		now, err := after.Values(p.Name)
		require.NoError(t, err)
		if slices.Contains(layers, path.Dir(p.Name)) {
			require.Equal(t, values, now, p.Name)
		} else if others {
			require.NotEqual(t, values, now, p.Name)
		}
	}
}

// Whatever the optimizer does to weights, frozen ones keep their bits, and it keeps nothing for them.
func TestFrozenLayersStay(t *testing.T) {
	for _, optimizer := range learners {
		whole := compile(t, traintest.NormalizedNet(t), 1, optimizer)
		m := frozen(t, traintest.NormalizedNet(t), "conv*", "batch_normalization_1")
		tr := compile(t, m, 1, optimizer)
		_, err := tr.Fit(context.Background(), digits(20), FitOptions{Epochs: 2, Batch: 8})
		require.NoError(t, err)
		assertStays(t, tr, true)
		for i, b := range tr.state {
			assert.Less(t, b.Elements(), whole.state[i].Elements(), optimizer.Name())
		}
	}
}

// A frozen training goes on from its checkpoint to the bits that it would have had, and from that of no other.
func TestFrozenTrainingResumes(t *testing.T) {
	m := frozen(t, traintest.NormalizedNet(t), "conv*", "batch_normalization")
	file := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	options := FitOptions{Epochs: 2, Batch: 8}
	whole := compile(t, m, 2, Adam{})
	_, err := whole.Fit(context.Background(), digits(20), options)
	require.NoError(t, err)
	first := compile(t, m, 1, Adam{})
	_, err = first.Fit(context.Background(), digits(20), FitOptions{Epochs: 1, Batch: 8, Checkpoint: func() error { return first.SaveCheckpoint(file, nil) }})
	require.NoError(t, err)
	second := compile(t, m, 3, Adam{})
	require.NoError(t, second.LoadCheckpoint(file))
	_, err = second.Fit(context.Background(), digits(20), options)
	require.NoError(t, err)
	assert.Equal(t, weights(t, whole), weights(t, second))

	err = compile(t, traintest.NormalizedNet(t), 1, Adam{}).LoadCheckpoint(file)
	assert.ErrorContains(t, err, "model: - Conv2D: {filters: 6, kernel_size: 3, strides: 2, use_bias: false, trainable: false} then, "+
		"- Conv2D: {filters: 6, kernel_size: 3, strides: 2, use_bias: false} now")
}

func TestAllLayersFrozen(t *testing.T) {
	tr := compile(t, frozen(t, traintest.SmallNet(t, 0), "*"), 1, Adam{})
	_, err := tr.Fit(context.Background(), digits(20), FitOptions{})
	assert.EqualError(t, err, "train: all layers with parameters are frozen, so that there is nothing to train; leave one of them as it is, such as the last")
	_, err = tr.Evaluate(context.Background(), digits(20), 8)
	assert.NoError(t, err)
}

// Every layer trains where some are frozen.
func TestFrozenEveryLayer(t *testing.T) {
	m, err := model.Parse("every.yaml", []byte(traintest.EveryLayer))
	require.NoError(t, err)
	m = frozen(t, m, "conv2d", "batch_normalization*", "p_re_lu", "dense_3", "block")
	d, err := device.OpenCPU(device.Options{Workers: 2})
	require.NoError(t, err)
	defer d.Close()
	testFrozen(t, d, m)
}

// What is learnt beside frozen layers goes where it goes beside learnt ones.
func TestFrozenLayersHandOnGradients(t *testing.T) {
	d, err := device.OpenCPU(device.Options{Workers: 2})
	require.NoError(t, err)
	defer d.Close()
	testGradientsOfFrozen(t, d)
}

// testGradientsOfFrozen makes a step of the network with every layer, with all layers frozen between the first and the last but the batch
// normalisations, which would be others.
func testGradientsOfFrozen(t *testing.T, d device.Device) {
	t.Helper()
	whole, err := model.Parse("every.yaml", []byte(traintest.EveryLayer))
	require.NoError(t, err)
	partly := frozen(t, whole, "depthwise_conv2d", "conv2d_transpose", "back", "separable_conv2d", "block", "layer_normalization", "p_re_lu", "conv2d_[12]",
		"dense_*", "group_normalization")
	after := map[*model.Model]*model.Weights{}
	for _, m := range []*model.Model{whole, partly} {
		tr, err := Compile(m, Options{Device: d, Optimizer: SGD{LearningRate: 0.5}, Seed: 7})
		require.NoError(t, err)
		makeSteps(t, tr, 1)
		after[m], err = tr.Weights()
		require.NoError(t, err)
		require.NoError(t, tr.Close())
	}
	learnt := 0
	for p, want := range after[whole].All() {
		if slices.Contains(partly.Frozen(), path.Dir(p.Name)) {
			continue
		}
		got, err := after[partly].Values(p.Name)
		require.NoError(t, err)
		assert.Equal(t, want, got, p.Name)
		learnt++
	}
	assert.NotZero(t, learnt)
}

// testFrozen makes steps on a device, fused and as the ops stand.
func testFrozen(t *testing.T, d device.Device, m *model.Model) {
	for _, strict := range []bool{false, true} {
		tr, err := Compile(m, Options{Device: d, Optimizer: SGD{LearningRate: 0.5}, Seed: 7, Strict: strict})
		require.NoError(t, err)
		makeSteps(t, tr, 3)
		assertStays(t, tr, false)
		require.NoError(t, tr.Close())
	}
}

// makeSteps makes steps on four examples of a batch of five.
func makeSteps(t *testing.T, tr *Trainer, steps int) {
	t.Helper()
	step, err := tr.TrainingStep(5)
	require.NoError(t, err)
	x, labels := make([]float32, 5*tr.Model().Input.Shape.Elements()), []int32{0, 1, 2, 3, -1}
	for i := range x {
		x[i] = float32(i%11) / 11
	}
	for range steps {
		require.NoError(t, step.Run(x, labels))
	}
	_, err = step.Result()
	require.NoError(t, err)
}
