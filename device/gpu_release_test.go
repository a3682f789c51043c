//go:build cuda && cgo

package device

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim/driverapi"
	"cnn-gpu/kernels"
)

func TestGPURelease(t *testing.T) {
	for _, sync := range []bool{false, true} {
		d := openForTest(t, Options{Sync: sync})
		testRelease(t, d)
		testClosed(t, d)
	}
}

// Compiling, running, closing and freeing leaves the driver with what it had, but for the machine code.
func TestGPUReleaseGivesBackEverything(t *testing.T) {
	simulatedOnly(t)
	d := openForTest(t, Options{})
	defer d.Close()
	var held driverapi.Held
	for i := range 3 {
		ops, x, y := doubling()
		p, err := d.Compile(ops, CompileOptions{})
		require.NoError(t, err)
		ops, lx, ly := joined(100_000)
		larger, err := d.Compile(ops, CompileOptions{})
		require.NoError(t, err)
		require.NoError(t, d.Upload(x, make([]float32, 1000)))
		require.NoError(t, d.Upload(x.View("part", 7, 3), make([]float32, 3)))
		require.NoError(t, p.Run())
		require.NoError(t, p.Close())
		require.NoError(t, larger.Close())
		require.NoError(t, d.Free(x, y, lx, ly))
		if i == 0 {
			held = driverapi.Holds()
			assert.Zero(t, held.DeviceBytes)
			assert.Zero(t, held.PinnedBytes)
		}
		assert.Equal(t, held, driverapi.Holds())
	}
}

// A list that cannot be compiled leaves nothing on the device, and the memory that others use stays.
func TestGPUCompileFailsWithoutTrace(t *testing.T) {
	simulatedOnly(t)
	for _, fault := range []string{"oom@4", "oom@5", "oom@6"} { // after a buffer and its two pieces of pinned memory: the arena, x, y
		t.Setenv("CNN_GPU_SIM_FAULT", fault)
		d := openForTest(t, Options{})
		other, want := kernels.Kept("other", kernels.Float32, 3), []float32{1, 2, 3}
		require.NoError(t, d.Upload(other, want))
		before := driverapi.Holds()
		ops, _, _ := joined(8)
		ops = append(ops, kernels.Add{A: other, B: other, Y: other})
		_, err := d.Compile(ops, CompileOptions{})
		require.ErrorContains(t, err, "out of memory", fault)
		assert.Equal(t, before, driverapi.Holds(), fault)
		got := make([]float32, 3)
		require.NoError(t, d.Download(got, other))
		assert.Equal(t, want, got)
		_, err = d.Compile(ops, CompileOptions{})
		assert.NoError(t, err, "there is memory now")
		require.NoError(t, d.Close())
	}
}
