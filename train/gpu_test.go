//go:build cuda && cgo

package train

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim/driverapi"
	"cnn-gpu/model"
	"cnn-gpu/train/data"
)

// openGPU opens a real GPU with CNN_GPU_REQUIRE=cuda, else the simulated one.
func openGPU(t *testing.T) device.Device {
	t.Helper()
	name := "sim"
	if strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "cuda") {
		name = "cuda"
	} else if _, err := nvrtc.Open(); err != nil {
		t.Skip(err)
	}
	d, err := device.Open(name, device.Options{})
	require.NoError(t, err)
	return d
}

// The tutorial's network trains on the GPU as it does in float64 and on the CPU, and to the same bits whatever the order of warps.
func TestGPUTrainsTheTutorialsNetwork(t *testing.T) {
	m, err := model.Open("mnist-cnn")
	require.NoError(t, err)
	cpu, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer cpu.Close()
	d := openGPU(t)
	checks, err := CheckSteps(m, []device.Device{d, cpu}, 2, 10, 1)
	require.NoError(t, err)
	require.NoError(t, d.Close())
	var want []float64
	for _, c := range checks {
		assert.True(t, c.Holds(), "%+v", c)
		want = append(want, c.Losses[0])
	}
	for _, order := range []string{"forward", "reverse", "random:2", "random:1"} {
		t.Setenv(device.SimOrderEnv, order)
		d := openGPU(t)
		losses, err := checkedLosses(m, d, randomBatches(m, 2, 10, 1), 1)
		require.NoError(t, err, order)
		assert.Equal(t, want, losses, order)
		require.NoError(t, d.Close())
	}
}

// Every layer's ops, branches and dropout among them, learn on the GPU what they learn on the CPU.
func TestGPULearns(t *testing.T) {
	cpu, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer cpu.Close()
	d := openGPU(t)
	defer d.Close()
	var accuracy []float64
	var held driverapi.Held
	for _, d := range []device.Device{cpu, d} {
		tr, err := Compile(smallNet(t, 0.1), Options{Device: d, Optimizer: Adam{LearningRate: 0.01}, Metrics: []Metric{Accuracy}, Seed: 3})
		require.NoError(t, err)
		history, err := tr.Fit(context.Background(), digits(150), FitOptions{Epochs: 8, Batch: 16, Validation: digits(40), OnEpoch: func(e Epoch) error {
			if e.Epoch == 1 {
				held = driverapi.Holds()
			}
			return nil
		}})
		require.NoError(t, err)
		if d.Name() == "sim" {
			assert.Equal(t, held, driverapi.Holds(), "a step takes nothing more of the driver")
		}
		accuracy = append(accuracy, history[7].Validation.Accuracy)
	}
	assert.Greater(t, accuracy[0], 0.8)
	assert.InDelta(t, accuracy[0], accuracy[1], 0.1)
}

// A checkpoint taken on one device goes on on another.
func TestGPUResumesFromTheCPU(t *testing.T) {
	d := openGPU(t)
	defer d.Close()
	path := t.TempDir() + "/checkpoint.safetensors"
	cpu := compile(t, smallNet(t, 0.1), 1, Adam{})
	_, err := cpu.Fit(context.Background(), digits(64), FitOptions{Epochs: 1, Batch: 16, Checkpoint: func() error { return cpu.SaveCheckpoint(path, nil) }})
	require.NoError(t, err)
	onGPU, err := Compile(smallNet(t, 0.1), Options{Device: d, Optimizer: Adam{}, Metrics: []Metric{Accuracy}, Seed: 7})
	require.NoError(t, err)
	require.NoError(t, onGPU.LoadCheckpoint(path))
	for _, tr := range []*Trainer{cpu, onGPU} {
		_, err = tr.Fit(context.Background(), digits(64), FitOptions{Epochs: 2, Batch: 16})
		require.NoError(t, err)
	}
	assert.InDelta(t, cpu.History()[1].Training.Loss, onGPU.History()[1].Training.Loss, 1e-4)
}

// Training, closing and opening again a hundred times leaves nothing behind, on the device or on the host.
func TestGPUReopens(t *testing.T) {
	t.Setenv(device.SimChecksEnv, "off") // other tests look for mistakes in kernels
	m, err := model.Sequential(model.Input(28, 28, 1), model.Flatten{}, model.Dense{Units: 10, Activation: model.Softmax})
	require.NoError(t, err)
	threads := func() int {
		list, err := os.ReadDir("/proc/self/task")
		require.NoError(t, err)
		return len(list)
	}
	var goroutines, before int
	for i := range 100 {
		d := openGPU(t)
		tr, err := Compile(m, Options{Device: d, Optimizer: Adam{}, Metrics: []Metric{Accuracy}})
		require.NoError(t, err)
		_, err = tr.Fit(context.Background(), digits(4), FitOptions{Epochs: 1, Batch: 4})
		require.NoError(t, err)
		require.NoError(t, tr.Close())
		require.NoError(t, d.Close())
		if d.Name() == "sim" {
			require.Zero(t, driverapi.Holds())
		}
		if i == 10 { // the runtime has the threads that it wants
			goroutines, before = runtime.NumGoroutine(), threads()
		}
	}
	assert.LessOrEqual(t, runtime.NumGoroutine(), goroutines+1)
	assert.LessOrEqual(t, threads(), before+10, "each device had a thread of its own")
}

func TestGPUNotFinite(t *testing.T) {
	d := openGPU(t)
	defer d.Close()
	m, err := model.Sequential(model.Input(28, 28, 1), model.Flatten{}, model.Dense{Units: 8}, model.Dense{Units: 8},
		model.Dense{Units: 10, Activation: model.Softmax})
	require.NoError(t, err)
	tr, err := Compile(m, Options{Device: d, Optimizer: SGD{LearningRate: 1e9}, Seed: 7})
	require.NoError(t, err)
	_, err = tr.Fit(context.Background(), digits(64), FitOptions{Epochs: 20, Batch: 16})
	var found *NotFiniteError
	require.True(t, errors.As(err, &found), "%v", err)
	assert.Equal(t, 3, found.Step)
	assert.Equal(t, "dense_1", found.Layer)
	for _, w := range weights(t, tr) {
		require.Equal(t, w, w, "no NaN")
	}
}

func TestGPUBenchmark(t *testing.T) {
	m, err := model.Sequential(model.Input(6, 6, 1),
		model.Conv2D{Filters: 4, Kernel: [2]int{3, 3}, Activation: model.ReLU}, model.Flatten{}, model.Dense{Units: 3, Activation: model.Softmax})
	require.NoError(t, err)
	d := openGPU(t)
	defer d.Close()
	trainer, err := Compile(m, Options{Device: d, Optimizer: Adam{}})
	require.NoError(t, err)
	set := data.Noise(m.Input.Shape, 3, 10, 1)
	for _, benchmark := range []func(context.Context, data.Set, BenchmarkOptions) (*Benchmark, error){trainer.BenchmarkFit, trainer.BenchmarkPredict} {
		b, err := benchmark(t.Context(), set, BenchmarkOptions{Batch: 4, Steps: 3})
		require.NoError(t, err)
		assert.Positive(t, b.Median)
		if d.Name() == "sim" {
			assert.True(t, b.Profile.Estimated)
			assert.Equal(t, b.Profile.Seconds(), b.Median, "the simulation's own time is no time of a step")
		}
	}
}
