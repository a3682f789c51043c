//go:build cuda && cgo

package micro

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/driverapi"
)

func needsNVRTC(t *testing.T) {
	t.Helper()
	if _, err := nvrtc.Open(); err != nil {
		if strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "nvrtc") {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

func measure(t *testing.T, chip string) (*Report, map[string]float64) {
	t.Helper()
	r, err := Run(t.Context(), "sim:"+chip, Groups())
	require.NoError(t, err)
	assert.Zero(t, driverapi.Holds())
	assert.True(t, r.Estimated)
	values := map[string]float64{}
	for _, m := range r.Measurements {
		assert.Contains(t, Groups(), m.Group)
		assert.NotEmpty(t, m.Unit)
		assert.NotEmpty(t, m.What)
		assert.NotContains(t, values, m.Name)
		values[m.Name] = m.Value
	}
	return r, values
}

// What is measured of a simulated GPU is what its chip is made of.
func TestMeasureTheSimulatedGPU(t *testing.T) {
	needsNVRTC(t)
	chip, err := sim.ChipByName("h200")
	require.NoError(t, err)
	r, got := measure(t, "h200")
	assert.Contains(t, r.Description, chip.Product)
	for name, want := range map[string]float64{
		"clock":     float64(chip.ClockMHz),
		"node_1":    chip.NodeMicroseconds,
		"node_400":  chip.NodeMicroseconds,
		"dram_read": 0.9 * chip.DRAM / 1e9, "dram_write": 0.9 * chip.DRAM / 1e9, // what kernels reach
		"mma_tf32_sm": chip.TensorTF32, "mma_bf16_sm": chip.TensorBF16, "mma_bf16": chip.TensorBF16 * float64(chip.SMs*chip.ClockMHz) / 1e6,
		"ldmatrix": 128, "shared": 128, // 32 banks of 4 bytes
	} {
		assert.InEpsilon(t, want, got[name], 0.03, name)
	}
	for name, v := range got {
		assert.Positive(t, v, name)
	}
	assert.Greater(t, got["node_51_programmatic"], got["node_51"], "it has two instructions more, and nothing overlaps here")
	assert.InDelta(t, 10*got["node_1"], got["branches_8"], 0.1, "the branches overlap")
	assert.Len(t, r.Skipped, 1, "what only a real host can show")
}

func TestAnOlderChip(t *testing.T) {
	needsNVRTC(t)
	r, got := measure(t, "a100")
	assert.NotContains(t, got, "node_51_programmatic")
	assert.Contains(t, strings.Join(r.Skipped, "\n"), "programmatic launch: it needs compute capability 9.0")
}

// The kernels compile for the oldest GPU that NVRTC knows, and what one lacks is skipped.
func TestTheOldestChip(t *testing.T) {
	needsNVRTC(t)
	library, err := nvrtc.Open()
	require.NoError(t, err)
	known, err := library.Architectures()
	require.NoError(t, err)
	_, err = library.Compile(nvrtc.Source{Name: "micro.cu", Text: source}, fmt.Sprintf("-arch=sm_%d", slices.Min(known)), "-std=c++17")
	require.NoError(t, err)
	require.NoError(t, with(t.Context(), "sim", func(c *card) error {
		c.sm, c.hertz = 70, 1
		require.NoError(t, c.tensor())
		assert.Equal(t, []string{
			"mma in tf32: it needs compute capability 8.0", "mma in bf16: it needs compute capability 8.0", "ldmatrix.x4: it needs compute capability 7.5",
		}, c.Skipped)
		assert.Len(t, c.Measurements, 2)
		return nil
	}))
}

// What is only of use on a real GPU works on a simulated one as well.
func TestWhatOnlyARealGPUShows(t *testing.T) {
	needsNVRTC(t)
	require.NoError(t, with(t.Context(), "sim", func(c *card) error {
		cycles, err := c.spin(10)
		require.NoError(t, err)
		assert.Positive(t, cycles)
		for _, measure := range []func() error{c.graphLaunch, c.copy, c.upload} {
			require.NoError(t, measure())
		}
		var names []string
		for _, m := range c.Measurements {
			names = append(names, m.Name)
		}
		assert.Equal(t, []string{"graph_launch", "graph_launch_and_wait", "copy_100_kb", "upload_100_kb", "upload_100_kb_and_wait"}, names)
		return nil
	}))
	assert.Zero(t, driverapi.Holds())
}

// A clock is up once it has not risen for two seconds, and after twelve at the latest.
func TestRise(t *testing.T) {
	for name, c := range map[string]struct {
		readings    func(second float64) float64
		first, best float64
		after       time.Duration
	}{
		"up at once":     {func(float64) float64 { return 1980 }, 1980, 1980, 0},
		"from idle":      {func(s float64) float64 { return min(345+700*s, 1980) }, 415, 1980, 2300 * time.Millisecond},
		"a little noise": {func(s float64) float64 { return 1980 + s }, 1980.1, 1982.1, 0},
		"without an end": {func(s float64) float64 { return 345 * (1 + s) }, 379.5, 4519.5, 11900 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			clock := time.Unix(0, 0)
			first, best, after, err := rise(func() (float64, error) {
				clock = clock.Add(100 * time.Millisecond)
				return c.readings(clock.Sub(time.Unix(0, 0)).Seconds()), nil
			}, func() time.Time { return clock })
			require.NoError(t, err)
			assert.InDelta(t, c.first, first, 1e-6)
			assert.InDelta(t, c.best, best, 1e-6)
			assert.InDelta(t, c.after, after, float64(time.Millisecond))
		})
	}
	_, _, _, err := rise(func() (float64, error) { return 0, context.Canceled }, time.Now)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestRefuses(t *testing.T) {
	_, err := Run(t.Context(), "cpu", Groups())
	assert.ErrorContains(t, err, `device "cpu": give a GPU`)
	_, err = Run(t.Context(), "sim", []string{"heat"})
	assert.ErrorContains(t, err, `no group "heat"; there are clock, graph, host`)
	needsNVRTC(t)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err = Run(stopped, "sim", Groups())
	assert.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, driverapi.Holds())
}
