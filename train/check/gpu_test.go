//go:build cuda && cgo

package check

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train/internal/traintest"
)

func TestGPUEveryLayerTrains(t *testing.T) {
	d := traintest.OpenGPU(t)
	defer d.Close()
	for _, p := range []kernels.Precision{kernels.FP32, kernels.TF32, kernels.BF16} {
		testEveryLayer(t, d, p)
	}
}

// The tutorial's network trains on the GPU in each precision as it does in float64 and on the CPU, and to the same bits whatever the order of warps.
func TestGPUTrainsTheTutorialsNetwork(t *testing.T) {
	for _, p := range []kernels.Precision{kernels.FP32, kernels.TF32, kernels.BF16} {
		t.Run(p.String(), func(t *testing.T) { trainTheTutorialsNetwork(t, p) })
	}
}

func trainTheTutorialsNetwork(t *testing.T, p kernels.Precision) {
	const steps = 10
	m, err := model.Open("mnist-cnn")
	require.NoError(t, err)
	cpu, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer cpu.Close()
	t.Setenv(device.SimOrderEnv, "forward")
	d := traintest.OpenGPU(t)
	checks, err := Steps(m, []Trainee{{d, p}, {Device: cpu}}, 2, steps, 1)
	require.NoError(t, err)
	require.NoError(t, d.Close())
	var want []float64
	for _, c := range checks {
		assert.True(t, c.Holds(), "%+v", c)
		want = append(want, c.Losses[0])
	}
	for _, order := range []string{"reverse", "random:1"} {
		t.Setenv(device.SimOrderEnv, order)
		d := traintest.OpenGPU(t)
		losses, _, err := lossesOn(Trainee{d, p}, m, randomExamples(m, 2, steps, 1), 1)
		require.NoError(t, err, order)
		assert.Equal(t, want, losses, order)
		require.NoError(t, d.Close())
	}
}
