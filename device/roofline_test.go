package device

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/cpu"
)

func TestRooflineTakesTheLongerTime(t *testing.T) {
	r := Roofline{GFLOPS: 4, GBS: 2}
	assert.Equal(t, 2.0, r.Seconds(kernels.Cost{FLOPs: 8e9, Bytes: 1e9}, kernels.DefaultPrecision))
	assert.Equal(t, 3.0, r.Seconds(kernels.Cost{FLOPs: 8e9, Bytes: 6e9}, kernels.DefaultPrecision))
	assert.Zero(t, r.Seconds(kernels.Cost{FLOPs: 8e9, Bytes: 6e9}, kernels.TF32), "the speed of tensor cores is not known")
	r.TF32, r.BF16 = 8, 16
	assert.Equal(t, 1.0, r.Seconds(kernels.Cost{FLOPs: 8e9, Bytes: 1e9}, kernels.TF32))
	assert.Equal(t, 0.5, r.Seconds(kernels.Cost{FLOPs: 8e9, Bytes: 1e9}, kernels.BF16))
}

func TestCPURoofline(t *testing.T) {
	d, err := OpenCPU(Options{Workers: 2})
	require.NoError(t, err)
	defer d.Close()
	r, err := d.Roofline()
	require.NoError(t, err)
	assert.Greater(t, r.GFLOPS, 0.1)
	assert.Greater(t, r.GBS, 0.1)
	assert.Equal(t, "measured", r.Source)
}

// Memory is read and written: a copy moves each byte twice.
func TestCopiesCountBothWays(t *testing.T) {
	for _, workers := range []int{1, 3} {
		w := cpu.NewWorkers(workers)
		from, to := []float32{1, 2, 3, 4, 5, 6, 7}, make([]float32, 7)
		assert.EqualValues(t, 7*(4+4), copyRun(w, to, from))
		assert.Equal(t, from, to)
		w.Close()
	}
}
