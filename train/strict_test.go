package train

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/model"
)

func TestStrict(t *testing.T) {
	m, err := model.Open("mnist-cnn")
	require.NoError(t, err)
	transformed := func(strict bool) (n int) {
		lists, err := Lower(m, Options{Optimizer: Adam{}}, 32)
		require.NoError(t, err)
		for _, list := range []*OpList{lists.Training, lists.Evaluation} {
			s, err := device.NewSchedule("cpu", device.Options{}, list.Ops(), device.CompileOptions{Strict: strict})
			require.NoError(t, err)
			for _, op := range s.Ops {
				if strings.HasPrefix(op.Algorithm, "Winograd") {
					n++
				}
			}
		}
		return n
	}
	assert.Equal(t, 5, transformed(false), "two convolutions, twice, and the gradient by the input of one")
	assert.Zero(t, transformed(true))
}

// Adam divides a gradient by its own size, so that one which is nothing but a rounding error would move its weight as far as any other.
func TestGradientsThatAreZeroStayZero(t *testing.T) {
	d, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer d.Close()
	zeros := 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 0))
		m := sparseNet(t, rng)
		batch := 8
		x, labels := make([]float32, batch*m.Input.Shape.Elements()), make([]int32, batch)
		for i := range x {
			if rng.IntN(2000) == 0 {
				x[i] = rng.Float32()
			}
		}
		gradients := func(strict bool) []float32 {
			tr, err := Compile(m, Options{Device: d, Optimizer: Adam{}, Seed: seed, Strict: strict})
			require.NoError(t, err)
			tr.gradients.Keep = true
			step, err := tr.TrainingStep(batch)
			require.NoError(t, err)
			require.NoError(t, step.Run(x, labels))
			values := make([]float32, tr.gradients.Elements())
			require.NoError(t, d.Download(values, tr.gradients))
			require.NoError(t, tr.Close())
			return values
		}
		got := gradients(false)
		for i, v := range gradients(true) {
			if v == 0 {
				require.Zero(t, got[i], "network %d, gradient %d", seed, i)
				zeros++
			}
		}
	}
	assert.Greater(t, zeros, 10_000)
}

// sparseNet has convolutions that Winograd's algorithm computes.
func sparseNet(t *testing.T, rng *rand.Rand) *model.Model {
	t.Helper()
	g := model.NewGraph(model.Input(9+rng.IntN(5), 9+rng.IntN(5), 32))
	x := g.Input()
	for range 2 {
		padding := []model.Padding{model.Valid, model.Same}[rng.IntN(2)]
		x = g.Add(model.Conv2D{Filters: 32, Kernel: model.Pair{3, 3}, Padding: padding, Activation: model.ReLU}, x)
	}
	x = g.Add(model.Dense{Units: 3, Activation: model.Softmax}, g.Add(model.Flatten{}, x))
	m, err := g.Build(x)
	require.NoError(t, err)
	return m
}
