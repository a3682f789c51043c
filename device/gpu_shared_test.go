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
	assert.ErrorContains(t, err, "another process has the GPU for itself")
	assert.ErrorContains(t, err, "sudo nvidia-smi -c DEFAULT")
	_ = d.Close()

	assert.ErrorContains(t, refusedContext(driver.OutOfMemory), "other processes fill the GPU's memory: nvidia-smi lists them")
	assert.Equal(t, error(driver.InvalidValue), refusedContext(driver.InvalidValue))
}

// Memory that another process holds is told apart from what this one does.
func TestGPUMemoryOfOthers(t *testing.T) {
	simulatedOnly(t)
	d := openForTest(t, Options{})
	defer d.Close()
	const others = 32
	require.NoError(t, d.(*gpu).do(func() error {
		for range others {
			if _, err := cu.MemAlloc(4<<30 - 64); err != nil {
				return err
			}
		}
		return nil
	}))
	x := kernels.Kept("x", kernels.Float32, 1<<20)
	require.NoError(t, d.Upload(x, make([]float32, 1<<20)))
	y, z := kernels.NewBuffer("y", kernels.Float32, 1<<30-16), kernels.Kept("z", kernels.Float32, 1)
	_, err := d.Compile([]kernels.Op{kernels.Zero{Y: y}, kernels.Zero{Y: z}})
	var outOfMemory *OutOfMemoryError
	require.ErrorAs(t, err, &outOfMemory)
	assert.EqualValues(t, others*(4<<30-64), outOfMemory.Others)
	assert.ErrorContains(t, err, "other processes hold")
	assert.ErrorContains(t, err, "nvidia-smi lists them")
}
