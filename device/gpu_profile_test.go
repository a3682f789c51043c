//go:build cuda && cgo

package device

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim/driverapi"
	"cnn-gpu/kernels"
)

// What replays measure is what the estimate says where both have the same clock, the simulated one.
func TestGPUReplaysAgreeWithTheEstimate(t *testing.T) {
	simulatedOnly(t)
	d := openForTest(t, Options{}).(*gpu)
	defer func() { require.NoError(t, d.Close()) }()
	ops, x, y := doubling()
	total := kernels.Kept("total", kernels.Float32, 1000)
	ops = append(ops, kernels.Add{A: total, B: y, Y: total}) // sums up
	compiled, err := d.Compile(ops, CompileOptions{})
	require.NoError(t, err)
	require.NoError(t, d.Upload(x, filled(1000, 3)))
	require.NoError(t, d.Upload(total, filled(1000, 7)))
	held := driverapi.Holds()
	p := compiled.(*gpuProgram)
	var estimated, replayed Times
	require.NoError(t, d.do(func() (err error) {
		if replayed, err = p.replay(driver.Timing{}, 0); err == nil {
			assert.Equal(t, held, driverapi.Holds(), "nothing is left behind")
		}
		return err
	}))
	after := make([]float32, 1000)
	require.NoError(t, d.Download(after, total))
	assert.Equal(t, filled(1000, 7), after, "kept values are as before")

	estimated, err = p.Profile()
	require.NoError(t, err)
	run, err := p.Replay()
	require.NoError(t, err)
	assert.True(t, run.Estimated)
	assert.True(t, estimated.Estimated && !estimated.Median && !replayed.Estimated && replayed.Median)
	require.Len(t, replayed.Ops, len(ops))
	sum := time.Duration(0)
	for i := range ops {
		sum += estimated.Ops[i]
		assert.InDelta(t, estimated.Ops[i], replayed.Ops[i], float64(5*time.Nanosecond), ops[i].Name())
	}
	assert.InDelta(t, sum, run.Median, float64(20*time.Nanosecond))
}

func filled(n int, v float32) []float32 {
	list := make([]float32, n)
	for i := range list {
		list[i] = v
	}
	return list
}
