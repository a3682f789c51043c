package device_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
)

// What the CPU's code derives from the weights follows them, whether they are uploaded or written by another program.
func TestDerivedWeightsAreCurrent(t *testing.T) {
	d, err := device.OpenCPU(device.Options{Workers: 1})
	require.NoError(t, err)
	defer d.Close()
	x, w, b, y := kernels.Kept("x", kernels.Float32, 1, 2), kernels.Kept("w", kernels.Float32, 2, 1), kernels.Kept("b", kernels.Float32, 1),
		kernels.Kept("y", kernels.Float32, 1, 1)
	forward, err := d.Compile([]kernels.Op{kernels.DenseFprop{Dense: kernels.Dense{N: 1, C: 2, K: 1}, X: x, W: w, B: b, Y: y}})
	require.NoError(t, err)
	double, err := d.Compile([]kernels.Op{kernels.Add{A: w, B: w, Y: w}})
	require.NoError(t, err)
	result := func() float32 {
		require.NoError(t, forward.Run())
		var got [1]float32
		require.NoError(t, d.Download(got[:], y))
		return got[0]
	}
	require.NoError(t, d.Upload(x, []float32{1, 10}))
	require.NoError(t, d.Upload(w, []float32{2, 3}))
	assert.EqualValues(t, 32, result())
	assert.EqualValues(t, 32, result())
	require.NoError(t, d.Upload(w, []float32{4, 5}))
	assert.EqualValues(t, 54, result())
	require.NoError(t, double.Run())
	assert.EqualValues(t, 108, result())
	require.NoError(t, d.Upload(b, []float32{7}))
	assert.EqualValues(t, 115, result())
}
