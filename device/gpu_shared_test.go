//go:build cuda && cgo

package device

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/kernels"
)

// A GPU that gives no context says who may have it and how to get in.
func TestGPURefusesAContext(t *testing.T) {
	simulatedOnly(t)
	t.Setenv("CNN_GPU_SIM_FAULT", "lost@1")
	d := openForTest(t, Options{})
	require.Error(t, runOnce(d))
	_, err := openGPU("sim", 0, Options{simulated: true}) // the device stays away, as one in exclusive mode does
	assert.ErrorContains(t, err, "CUDA_ERROR_DEVICE_UNAVAILABLE (46)")
	assert.ErrorContains(t, err, "another process has the GPU, or it is gone")
	assert.NoError(t, d.Close(), "it has told")

	assert.ErrorContains(t, refusedContext(driver.OutOfMemory, defaultMode), "other processes fill the GPU's memory")
	assert.ErrorContains(t, refusedContext(driver.SystemNotReady, defaultMode), "sudo systemctl start nvidia-fabricmanager", "where the driver starts all the same")
	assert.Equal(t, error(driver.InvalidValue), refusedContext(driver.InvalidValue, defaultMode))
}

// Memory that another process holds is named where it is missing.
func TestGPUMemoryOfOthers(t *testing.T) {
	simulatedOnly(t)
	other := openForTest(t, Options{})
	defer func() { require.NoError(t, other.Close()) }()
	const pieces, bytes = 32, 4<<30 - 64 // of 131.3 GiB
	var taken []cu.DevicePtr
	require.NoError(t, other.(*gpu).do(func() error {
		for range pieces {
			p, err := cu.MemAlloc(bytes)
			if err != nil {
				return err
			}
			taken = append(taken, p)
		}
		return nil
	}))
	d, err := openGPU("sim", 0, Options{simulated: true})
	require.NoError(t, err)
	y := kernels.NewBuffer("y", kernels.Float32, 1<<30-16)
	first := y.View("first", 0, 1)
	_, err = d.Compile([]kernels.Op{kernels.Zero{Y: y}, kernels.Add{A: first, B: first, Y: kernels.Kept("z", kernels.Float32, 1)}}, CompileOptions{})
	var outOfMemory *OutOfMemoryError
	require.ErrorAs(t, err, &outOfMemory)
	assert.EqualValues(t, pieces*bytes, outOfMemory.Others)
	assert.ErrorContains(t, err, "other processes held 137,438,951,424 bytes")
	assert.ErrorContains(t, err, "nvidia-smi lists them")
	require.NoError(t, d.Close())
	require.NoError(t, other.(*gpu).do(func() error {
		for _, p := range taken {
			if err := cu.MemFree(p); err != nil {
				return err
			}
		}
		return nil
	}))
}
