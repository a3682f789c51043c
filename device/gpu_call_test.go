//go:build cuda && cgo

package device

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/sim/driverapi"
	"cnn-gpu/kernels"
)

// What every call to a GPU costs before it does anything.
func BenchmarkGPUCall(b *testing.B) {
	d, err := Open("sim", Options{})
	require.NoError(b, err)
	defer d.Close()
	for b.Loop() {
		require.NoError(b, d.(*gpu).do(func() error { return nil }))
	}
}

// Calls leave the thread that they come from with the context that it had: none, or one of the program's own.
func TestGPUCallsLeaveTheThread(t *testing.T) {
	simulatedOnly(t)
	d, err := openGPU("sim", 0, Options{simulated: true})
	require.NoError(t, err)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_, x, _ := doubling()
	current := func() cu.CUContext {
		c, err := cu.CurrentContext()
		require.NoError(t, err)
		return c
	}
	none := current()
	require.NoError(t, d.Upload(x, make([]float32, 1000)))
	assert.Equal(t, none, current())
	own, err := cu.Device(0).MakeContext(cu.SchedAuto)
	require.NoError(t, err)
	require.NoError(t, d.Upload(x, make([]float32, 1000)))
	assert.Equal(t, own, current())
	assert.NotEqual(t, none, own)
	require.NoError(t, own.Destroy())
	require.NoError(t, d.Close())
}

// A call gives what uploads, a run and downloads give, by four calls of the driver.
func TestGPUCall(t *testing.T) {
	for _, sync := range []bool{false, true} {
		cpu, err := OpenCPU(Options{})
		require.NoError(t, err)
		d := openForTest(t, Options{Sync: sync})
		ops, x, y := doubling()
		other := x.View("other", 0, 500)
		uploaded, err := cpu.Compile(ops, CompileOptions{})
		require.NoError(t, err)
		p, err := d.Compile(ops, CompileOptions{})
		require.NoError(t, err)
		for i, in := range []*kernels.Buffer{x, x, other, other, x} {
			host, got, want := make([]float32, in.Elements()), make([]float32, 1000), make([]float32, 1000)
			for j := range host {
				host[j] = float32(i * (j%9 - 3))
			}
			require.NoError(t, Call(cpu, uploaded, []Transfer{{in, host}}, []Transfer{{y, want}}))
			before := driverapi.Called()
			require.NoError(t, Call(d, p, []Transfer{{in, host}}, []Transfer{{y, got}}))
			if isRecorded := i == 1 || i == 3; isRecorded && d.Name() == "sim" && !sync {
				before.All, before.GraphLaunches = before.All+4, before.GraphLaunches+1
				assert.Equal(t, before, driverapi.Called())
			}
			require.Equal(t, want, got)
		}
		require.ErrorContains(t, Call(d, p, []Transfer{{x, []float32{1}}}, nil), "the host slice is float32[1]")
		require.NoError(t, p.Close())
		require.ErrorIs(t, Call(d, p, nil, nil), errProgramClosed)
		require.NoError(t, cpu.Close())
		require.NoError(t, d.Close())
		if d.Name() == "sim" {
			require.Zero(t, driverapi.Holds())
		}
	}
}
