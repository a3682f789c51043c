//go:build cuda && cgo

package device

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim/driverapi"
	"cnn-gpu/kernels"
)

// Many runs are those one by one, with one launch for up to 64.
func TestGPURepeats(t *testing.T) {
	for _, sync := range []bool{false, true} {
		d := openForTest(t, Options{Sync: sync})
		step := kernels.Kept("step", kernels.Int32, 1)
		p, err := d.Compile([]kernels.Op{kernels.Tick{Step: step}}, CompileOptions{})
		require.NoError(t, err)
		sum := int32(0)
		for _, c := range []struct{ runs, launches int }{{1, 1}, {3, 3}, {9, 2}, {64, 1}, {147, 2 + 2 + 3}} {
			before := driverapi.Called()
			require.NoError(t, Repeat(p, c.runs))
			sum += int32(c.runs)
			if d.Name() == "sim" && !sync {
				assert.Equal(t, c.launches, driverapi.Called().GraphLaunches-before.GraphLaunches, "%d runs", c.runs)
			}
			var counted [1]int32
			require.NoError(t, d.Download(counted[:], step))
			assert.Equal(t, sum, counted[0])
		}
		require.NoError(t, p.Close())
		assert.ErrorIs(t, Repeat(p, 1), errProgramClosed)
		require.NoError(t, d.Close())
	}
}

// Where there is no room for a graph of many runs, smaller ones do it.
func TestGPURepeatsWithoutRoom(t *testing.T) {
	d := openForTest(t, Options{})
	defer d.Close()
	step := kernels.Kept("step", kernels.Int32, 1)
	program, err := d.Compile([]kernels.Op{kernels.Tick{Step: step}}, CompileOptions{})
	require.NoError(t, err)
	p := program.(*gpuProgram)
	p.repeated[64] = nil
	require.NoError(t, p.Repeat(70))
	var counted [1]int32
	require.NoError(t, d.Download(counted[:], step))
	assert.EqualValues(t, 70, counted[0])
}

// What is larger than the pinned memory goes up in parts, as a whole or as views.
func TestGPUUploadsInParts(t *testing.T) {
	d := openForTest(t, Options{})
	defer d.Close()
	b := kernels.Kept("bytes", kernels.Uint8, 2*mostPinned+12345)
	host := make([]uint8, b.Elements())
	for i := range host {
		host[i] = uint8(i * 7 >> 3)
	}
	held := driverapi.Holds().PinnedBytes
	require.NoError(t, d.Upload(b, host))
	if d.Name() == "sim" {
		assert.Equal(t, 2*mostPinned, driverapi.Holds().PinnedBytes-held)
	}
	got := make([]uint8, len(host))
	require.NoError(t, d.Download(got, b))
	assert.Equal(t, host, got)
	clear(host[100:mostPinned])
	require.NoError(t, d.Upload(b.View("part", 100, mostPinned-100), host[100:mostPinned]))
	require.NoError(t, d.Download(got, b))
	assert.Equal(t, host, got)
}

// What the device worked is the sum over all runs, however many are queued, and nothing of what the host does between them.
func TestGPUWorked(t *testing.T) {
	d := openForTest(t, Options{})
	defer d.Close()
	ops, _, _ := doubling()
	p, err := d.Compile(ops, CompileOptions{})
	require.NoError(t, err)
	worked := func() time.Duration {
		w, estimated, err := d.(Accelerator).Worked()
		require.NoError(t, err)
		assert.Equal(t, d.Name() == "sim", estimated)
		return w
	}
	assert.Zero(t, worked())
	require.NoError(t, p.Run())
	one := worked()
	assert.Positive(t, one)
	for range 100 {
		require.NoError(t, p.Run())
	}
	require.NoError(t, Repeat(p, 100))
	if d.Name() == "sim" {
		assert.InDelta(t, 201, float64(worked())/float64(one), 1)
	}
	assert.Greater(t, worked(), one)
}
