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
		ops, batch := gathering()
		counting, err := d.Compile(ops, CompileOptions{})
		require.NoError(t, err)
		require.NoError(t, counting.Run())
		require.NoError(t, d.Upload(x, make([]float32, 1000)))
		require.NoError(t, d.Upload(x.View("part", 7, 3), make([]float32, 3)))
		require.NoError(t, p.Run())
		require.NoError(t, p.Close())
		require.NoError(t, larger.Close())
		require.NoError(t, counting.Close())
		require.NoError(t, d.Free(append(batch, x, y, lx, ly)...))
		if i == 0 {
			held = driverapi.Holds()
			assert.Less(t, held.DeviceBytes, uint64(100), "the constants of the machine code")
			assert.Zero(t, held.PinnedBytes)
		}
		assert.Equal(t, held, driverapi.Holds())
	}
}

// gathering is a program that counts its blocks in a value of its own, and the values that it is given.
func gathering() (ops []kernels.Op, given []*kernels.Buffer) {
	value := func(name string, t kernels.Type, shape ...int) *kernels.Buffer {
		given = append(given, kernels.Kept(name, t, shape...))
		return given[len(given)-1]
	}
	window, _ := kernels.NewWindow([2]int{4, 4}, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid)
	g := kernels.GatherBatch{
		N: 2, H: 4, W: 4, C: 1, Of: 3, Batches: 2, Pixels: value("pixels", kernels.Uint8, 3, 16), Labels: value("labels", kernels.Int32, 3),
		Order: value("order", kernels.Int32, 2, 2), At: value("at", kernels.Int32, kernels.AtSize), Table: value("table", kernels.Float32, 1, kernels.BytesOfTable),
		X: kernels.NewBuffer("x", kernels.Float32, 2, 4, 4, 1), Y: value("classes", kernels.Int32, 2),
	}
	conv := kernels.Conv2D{N: 2, C: 1, K: 4, Window: window}
	return []kernels.Op{kernels.Tick{At: g.At}, g, kernels.Conv2DFprop{
		Conv2D: conv, X: g.X, W: value("w", kernels.Float32, 3, 3, 1, 4), Y: value("maps", kernels.Float32, 2, 2, 2, 4),
	}}, given
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
