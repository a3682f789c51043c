//go:build cuda && cgo

package device

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"
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
