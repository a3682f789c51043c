//go:build cuda && cgo

package train

import (
	"context"
	"errors"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/device/sim/driverapi"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/traintest"
)

// What is learnt by heart on the CPU is learnt on the GPU.
func TestGPULearns(t *testing.T) {
	cpu, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer cpu.Close()
	d := traintest.OpenGPU(t)
	defer d.Close()
	set := digits(16)
	var results []Result
	for _, d := range []device.Device{cpu, d} {
		tr, err := Compile(traintest.SmallNet(t, 0.1), Options{
			Device: d, Optimizer: AdamW{LearningRate: 0.03}, Clipping: Clipping{GlobalNorm: 1}, Schedule: CosineDecay{End: 0.1}, WarmUp: 2,
			Metrics: []Metric{Accuracy}, Seed: 3,
		})
		require.NoError(t, err)
		var held driverapi.Held
		history, err := tr.Fit(context.Background(), set, FitOptions{Epochs: 10, Batch: 8, OnEpoch: func(e Epoch) error {
			if e.Epoch == 1 {
				held = driverapi.Holds()
			}
			return nil
		}})
		require.NoError(t, err)
		if d.Name() == "sim" {
			assert.Equal(t, held, driverapi.Holds(), "a step takes nothing more of the driver")
		}
		assert.Greater(t, history[0].Training.Loss, 1.5, "the first loss is about that of guessing")
		result, err := tr.Evaluate(context.Background(), set, 8)
		require.NoError(t, err)
		assert.Equal(t, 1.0, result.Accuracy)
		results = append(results, result)
	}
	assert.InDelta(t, results[0].Loss, results[1].Loss, 1e-3)
}

// A step of a network with batch normalisations is the CPU's within what float32 rounds, moving averages included, in a smaller batch too.
func TestGPUNormalizes(t *testing.T) {
	d := traintest.OpenGPU(t)
	defer d.Close()
	cpu := compile(t, traintest.NormalizedNet(t), 2, SGD{})
	gpu, err := Compile(traintest.NormalizedNet(t), Options{Device: d, Precision: kernels.FP32, Optimizer: SGD{}, Seed: 7})
	require.NoError(t, err)
	for range 2 {
		for _, tr := range []*Trainer{cpu, gpu} {
			require.NoError(t, runStep(t, tr, 8, 5, 0))
		}
		assert.InDeltaSlice(t, weights(t, cpu), weights(t, gpu), 1e-6)
	}
	require.NoError(t, gpu.Close())
}

// Frozen layers stay on the GPU too, and the others go where they go on the CPU.
func TestGPUFreezes(t *testing.T) {
	d := traintest.OpenGPU(t)
	defer d.Close()
	for _, layers := range [][]string{{"conv*", "batch_normalization_1"}, {"conv*", "batch_normalization"}} { // the latter are folded
		m := frozen(t, traintest.NormalizedNet(t), layers...)
		testFrozen(t, d, m)
		cpu := compile(t, m, 2, SGD{})
		gpu, err := Compile(m, Options{Device: d, Precision: kernels.FP32, Optimizer: SGD{}, Seed: 7})
		require.NoError(t, err)
		for _, tr := range []*Trainer{cpu, gpu} {
			require.NoError(t, runStep(t, tr, 8, 5, 0))
		}
		assert.InDeltaSlice(t, weights(t, cpu), weights(t, gpu), 1e-6)
		require.NoError(t, gpu.Close())
	}
	testGradientsOfFrozen(t, d)
}

// Averages of weights on the GPU are the CPU's within what float32 rounds.
func TestGPUAverages(t *testing.T) {
	d := traintest.OpenGPU(t)
	defer d.Close()
	var ends [][]float32
	for _, d := range []device.Device{nil, d} {
		tr, err := Compile(traintest.NormalizedNet(t), Options{Device: d, Precision: kernels.FP32, Optimizer: SGD{}, EMA: EMA{Momentum: 0.75, Overwrite: 2}, Seed: 7})
		require.NoError(t, err)
		for range 3 {
			require.NoError(t, runStep(t, tr, 8, 5, 0))
		}
		ends = append(ends, weights(t, tr))
		require.NoError(t, tr.Close())
	}
	assert.InDeltaSlice(t, ends[0], ends[1], 1e-6)
}

func TestGPUOptimizersStepAsTheirFormulas(t *testing.T) {
	d := traintest.OpenGPU(t)
	defer d.Close()
	testOptimizerSteps(t, d)
}

// Weights, several labels, penalties and limits of gradients are Keras's on a GPU too.
func TestGPUKerasVariants(t *testing.T) {
	d := traintest.OpenGPU(t)
	defer d.Close()
	testKerasVariants(t, d)
}

func TestGPULossesAreTheirFormulas(t *testing.T) {
	d := traintest.OpenGPU(t)
	defer d.Close()
	testLosses(t, d)
}

// A checkpoint taken on one device goes on on another.
func TestGPUResumesFromTheCPU(t *testing.T) {
	d := traintest.OpenGPU(t)
	defer d.Close()
	path := t.TempDir() + "/checkpoint.safetensors"
	cpu := compile(t, traintest.SmallNet(t, 0.1), 1, Adam{})
	_, err := cpu.Fit(context.Background(), digits(64), FitOptions{Epochs: 1, Batch: 16, Checkpoint: func() error { return cpu.SaveCheckpoint(path, nil) }})
	require.NoError(t, err)
	onGPU, err := Compile(traintest.SmallNet(t, 0.1), Options{Device: d, Optimizer: Adam{}, Metrics: []Metric{Accuracy}, Seed: 7})
	require.NoError(t, err)
	require.NoError(t, onGPU.LoadCheckpoint(path))
	for _, tr := range []*Trainer{cpu, onGPU} {
		_, err = tr.Fit(context.Background(), digits(64), FitOptions{Epochs: 2, Batch: 16})
		require.NoError(t, err)
	}
	assert.InDelta(t, cpu.History()[1].Training.Loss, onGPU.History()[1].Training.Loss, 1e-4)
}

// A hundred trainers on one device leave the driver with no more than one does: its machine code.
func TestGPUClosedTrainersLeaveNothing(t *testing.T) {
	t.Setenv(device.SimChecksEnv, "off") // other tests look for mistakes in kernels
	m, err := model.Sequential(model.Input(100), model.Dense{Units: 3, Activation: model.Softmax})
	require.NoError(t, err)
	d := traintest.OpenGPU(t)
	defer d.Close()
	if d.Name() != "sim" {
		t.Skip("a real GPU's driver does not say what a program holds")
	}
	var held driverapi.Held
	for i := range 100 {
		if openAndClose(t, m, d); i == 0 {
			held = driverapi.Holds()
			require.Less(t, held.DeviceBytes, uint64(1000), "the constants of the machine code")
			require.Zero(t, held.PinnedBytes)
		}
		require.Equal(t, held, driverapi.Holds())
	}
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
		d := traintest.OpenGPU(t)
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
	assert.LessOrEqual(t, threads(), before+10, "each device was called from some thread")
}

func TestGPUNotFinite(t *testing.T) {
	d := traintest.OpenGPU(t)
	defer d.Close()
	m, err := model.Sequential(model.Input(28, 28, 1), model.Flatten{}, model.Dense{Units: 8}, model.Dense{Units: 8},
		model.Dense{Units: 10, Activation: model.Softmax})
	require.NoError(t, err)
	resident, _ := byteDigits(t, 64)
	for _, set := range []data.Set{digits(64), loaded(resident), resident} {
		tr, err := Compile(m, Options{Device: d, Optimizer: SGD{LearningRate: 1e9}, Seed: 7})
		require.NoError(t, err)
		_, err = tr.Fit(context.Background(), set, FitOptions{Epochs: 20, Batch: 8})
		var found *NotFiniteError
		require.True(t, errors.As(err, &found), "%v", err)
		assert.Equal(t, 3, found.Step)
		assert.Equal(t, "dense_1", found.Layer)
		for _, w := range weights(t, tr) {
			require.Equal(t, w, w, "no NaN")
		}
		require.NoError(t, tr.Close())
		if d.Name() == "sim" {
			assert.Less(t, driverapi.Holds().DeviceBytes, uint64(2000), "looking for the layer leaves nothing but the constants of the machine code")
		}
	}
}

// Grad-CAM on the GPU is PyTorch's.
func TestGPUGradCAM(t *testing.T) {
	d := traintest.OpenGPU(t)
	defer d.Close()
	testGradCAM(t, d)
}

// Mixed examples have the loss of the formula, and a training on them is the CPU's within what float32 rounds.
func TestGPUMixes(t *testing.T) {
	d := traintest.OpenGPU(t)
	defer d.Close()
	testMixing(t, d)
	cpu := compile(t, traintest.SmallNet(t, 0.3), 2, SGD{})
	gpu, err := Compile(traintest.SmallNet(t, 0.3), Options{Device: d, Precision: kernels.FP32, Optimizer: SGD{}, Seed: 7})
	require.NoError(t, err)
	for _, tr := range []*Trainer{cpu, gpu} {
		_, err := tr.Fit(context.Background(), digits(13), FitOptions{Batch: 8, Augment: pipeline(t, "crop,mixup:1:0.5,cutmix:1:1")})
		require.NoError(t, err)
	}
	assert.InDeltaSlice(t, weights(t, cpu), weights(t, gpu), 1e-6)
	require.NoError(t, gpu.Close())
}
