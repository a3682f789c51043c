package sim_test

import (
	_ "embed"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

//go:embed testdata/memory.cu
var memorySource string

//go:embed testdata/memory.ptx
var memoryPTX string

// estimator is a device that runs a sample of a launch's blocks, for its estimate.
func estimator(t *testing.T, chip string) *sim.Device {
	c, err := sim.ChipByName(chip)
	require.NoError(t, err)
	return sim.NewDevice(c, sim.Options{Sample: true, Workers: 2})
}

// A copy reaches 85 to 95 % of DRAM's peak (Luo et al., arXiv 2402.13499, table V). A transpose in tiles is as fast, as its writer means it to
// be; a naive one at least twice as slow (a third of a copy: developer.nvidia.com, "An Efficient Matrix Transpose in CUDA C/C++").
func TestEstimateOfCopyAndTransposes(t *testing.T) {
	const n = 8192
	for _, chip := range []string{"h200", "a100", "rtx4090"} {
		d := estimator(t, chip)
		x, y := alloc(t, d, 4*n*n), alloc(t, d, 4*n*n)
		time := func(kernel string, grid, block [3]uint32, args ...any) float64 {
			c, err := d.Launch(kernelOf(t, d, memoryPTX, kernel), grid, block, 0, pack(args...))
			require.NoError(t, err)
			t.Log(chip, c)
			return c.Estimate.Seconds
		}
		copying := time("copy", linear(n*n/256), linear(256), x, y, int32(n*n))
		reached := 8 * n * n / copying / d.Chip().DRAM
		assert.True(t, reached > 0.85 && reached < 0.95, "%s: a copy reaches %.2f of the peak", chip, reached)
		tiled := time("transpose_tile", [3]uint32{n / 32, n / 32, 1}, [3]uint32{32, 8, 1}, x, y, int32(n))
		assert.InDelta(t, 1, tiled/copying, 0.25, chip)
		naive := time("transpose_naive", [3]uint32{n / 32, n / 32, 1}, [3]uint32{32, 32, 1}, x, y, int32(n))
		assert.Greater(t, naive, 2*copying, chip)
		assert.Less(t, naive, 10*copying, chip)
	}
}

// estimate launches a kernel on a device that estimates.
func estimate(t *testing.T, d *sim.Device, kernel string, grid, block [3]uint32, shared uint32, args ...any) *sim.Counters {
	c, err := d.Launch(kernelOf(t, d, memoryPTX, kernel), grid, block, shared, pack(args...))
	require.NoError(t, err)
	return c
}

// A sample tells what all blocks tell: the counters to the last one where blocks do the same, the time nearly.
func TestSampleStandsForAll(t *testing.T) {
	chip, err := sim.ChipByName("a100")
	require.NoError(t, err)
	const n = 1 << 20
	for kernel, args := range map[string][]any{"copy": {int32(n)}, "transpose_tile": {int32(1024)}, "transpose_naive": {int32(1024)}} {
		var counters [3]*sim.Counters
		for i, o := range []sim.Options{{Workers: 1}, {Workers: 3}, {Workers: 2, Sample: true}} {
			o.Checks, o.Estimate = sim.Traffic, true
			d := sim.NewDevice(chip, o)
			x, y := alloc(t, d, 4*n), alloc(t, d, 4*n)
			grid, block := linear(n/256), linear(256)
			if kernel != "copy" {
				grid, block = [3]uint32{32, 32, 1}, [3]uint32{32, 8, 1}
				if kernel == "transpose_naive" {
					grid = [3]uint32{32, 128, 1}
				}
			}
			counters[i] = estimate(t, d, kernel, grid, block, 0, append([]any{x, y}, args...)...)
		}
		all, parallel, sampled := counters[0], counters[1], counters[2]
		assert.Equal(t, all, parallel, "%s: whatever the number of workers", kernel)
		assert.Equal(t, all.Count, sampled.Count, kernel)
		assert.Equal(t, all.Classes, sampled.Classes, kernel)
		assert.Equal(t, all.Lines, sampled.Lines, kernel)
		assert.Equal(t, all.Memory.GlobalStoreSectors, sampled.Memory.GlobalStoreSectors, kernel)
		assert.Equal(t, &sim.SampleCount{Blocks: 64, Of: int64(all.Grid[0] * all.Grid[1])}, sampled.Sample, kernel)
		assert.InEpsilon(t, all.Estimate.Seconds, sampled.Estimate.Seconds, 0.02, kernel)
	}
}

// A sampled launch runs once for each state of L2, on memory without NaN.
func TestSampledLaunchIsNotRunAgain(t *testing.T) {
	d := estimator(t, "a100")
	const n = 1 << 20
	x, y := alloc(t, d, 4*n), alloc(t, d, 4*n)
	first, out := make([]byte, 4), make([]byte, 4)
	require.NoError(t, d.Read(x, first))
	assert.Equal(t, make([]byte, 4), first)
	require.NoError(t, d.Write(x, []byte{1, 2, 3, 4}))
	copying := kernelOf(t, d, memoryPTX, "copy")
	launch := func() *sim.Counters {
		c, err := d.Launch(copying, linear(n/256), linear(256), 0, pack(x, y, int32(n)))
		require.NoError(t, err)
		return c
	}
	cold, warm := launch(), launch()
	require.NoError(t, d.Read(y, out))
	assert.Equal(t, []byte{1, 2, 3, 4}, out)
	assert.Greater(t, cold.Estimate.Memory.DRAMReadBytes, warm.Estimate.Memory.DRAMReadBytes)
	require.NoError(t, d.Write(y, make([]byte, 4)))
	assert.Equal(t, warm, launch())
	require.NoError(t, d.Read(y, out))
	assert.Equal(t, make([]byte, 4), out)
}

// The L1 is what shared memory leaves of the unified cache: 192 KiB on an A100, of which its blocks can take 164.
func TestL1IsWhatSharedMemoryLeaves(t *testing.T) {
	const times = 10
	for _, test := range []struct {
		bytes, shared int
		hits          float64
	}{
		{64 << 10, 0, 0.9}, {64 << 10, 100 << 10, 0.9}, {64 << 10, 160 << 10, 0}, {16 << 10, 160 << 10, 0.9}, {400 << 10, 0, 0},
	} {
		d := estimator(t, "a100")
		x, y := alloc(t, d, uint64(test.bytes)), alloc(t, d, 4096)
		m := estimate(t, d, "table", linear(1), linear(1024), uint32(test.shared), x, y, int32(test.bytes/4), int32(times)).Estimate.Memory
		assert.EqualValues(t, times*test.bytes, m.L1Bytes)
		assert.InDelta(t, test.hits, m.L1HitRate, 0.05, "%+v", test)
		assert.InDelta(t, test.bytes, m.DRAMReadBytes, 0.01*float64(test.bytes), "%+v: once", test)
	}
}

// Blocks on all multiprocessors that read one table bring it from DRAM once.
func TestL2IsShared(t *testing.T) {
	d := estimator(t, "h200")
	const bytes = 64 << 10
	x, y := alloc(t, d, bytes), alloc(t, d, 4*64*132)
	m := estimate(t, d, "table", linear(132), linear(64), 0, x, y, int32(bytes/4), int32(1)).Estimate.Memory
	assert.EqualValues(t, 132*bytes, m.L2ReadBytes)
	assert.EqualValues(t, bytes, m.DRAMReadBytes)
}

// What a launch writes the next one finds in L2 if it fits, and what does not fit is written back when it has to make room.
func TestL2KeepsWhatALaunchWrote(t *testing.T) {
	d := estimator(t, "a100") // 40 MiB
	const small, large = 8 << 20, 64 << 20
	x, y, z := alloc(t, d, small), alloc(t, d, small), alloc(t, d, large)
	copies := func(from, to uint64, bytes int) *sim.MemoryLevels {
		return estimate(t, d, "copy", linear(bytes/4/256), linear(256), 0, from, to, int32(bytes/4)).Estimate.Memory
	}
	first := copies(x, y, small)
	assert.EqualValues(t, small, first.DRAMReadBytes)
	assert.Zero(t, first.DRAMWriteBytes)
	second := copies(y, x, small)
	assert.Zero(t, second.DRAMReadBytes)
	assert.Zero(t, second.DRAMWriteBytes)
	third := copies(z, z+large/2, large/2)
	assert.EqualValues(t, large/2, third.DRAMReadBytes)
	assert.EqualValues(t, large/2+2*small, third.DRAMWriteBytes, "its own, and both small arrays")
	assert.EqualValues(t, small, copies(x, y, small).DRAMReadBytes, "they are no longer there")
}

// Cache operators that name L2 go there.
func TestBypassOfL1(t *testing.T) {
	for operator, hits := range map[string]float64{"": 0.5, ".nc": 0.5, ".ca": 0.5, ".cg": 0, ".cv": 0, ".L1::evict_last": 0.5} {
		d := estimator(t, "h200")
		k := kernelOf(t, d, snippet("", "ld.global"+operator+".u32 %r3, [%d0];\nld.global"+operator+".u32 %r4, [%d0];\nadd.u32 %r3, %r3, %r4;\nst.global.u32 [%d1], %r3;"), "snippet")
		c, err := d.Launch(k, linear(1), linear(32), 0, pack(alloc(t, d, 128), alloc(t, d, 128)))
		require.NoError(t, err)
		assert.InDelta(t, hits, c.Estimate.Memory.L1HitRate, 1e-9, operator)
	}
}

// The last wave takes its own time, and blocks that one multiprocessor less could hold leave it without work.
func TestWaves(t *testing.T) {
	d := estimator(t, "h200")
	const held = 8 * 132
	x, y := alloc(t, d, 4*256*3*held), alloc(t, d, 4*256*3*held)
	run := func(blocks int) sim.Estimate {
		return estimate(t, d, "copy", linear(blocks), linear(256), 0, x, y, int32(256*blocks)).Estimate
	}
	whole, more, few := run(2*held), run(2*held+1), run(7)
	assert.InDelta(t, 2, whole.Waves, 1e-9)
	assert.Zero(t, whole.TailSeconds)
	assert.Positive(t, more.TailSeconds)
	assert.Equal(t, 132, more.SMs)
	assert.Equal(t, 7, few.SMs)
	assert.Less(t, few.Seconds, whole.Seconds)
}

// Each step of Harris's series is faster than the one before ("Optimizing Parallel Reduction in CUDA", 8.05 to 0.27 ms), as long as it is not
// memory that all wait for.
func TestEstimateOfReductions(t *testing.T) {
	const n, threads = 1 << 22, 128
	for _, chip := range []string{"a100", "rtx4090"} {
		d := estimator(t, chip)
		x, y := alloc(t, d, 4*n), alloc(t, d, 4*n/threads)
		last := math.Inf(1)
		for step, blocks := range []int{n / threads, n / threads, n / threads, n / threads / 2, n / threads / 2, n / threads / 2, 16 * d.Chip().SMs} {
			c := estimate(t, d, fmt.Sprint("reduce_", step), linear(blocks), linear(threads), 4*threads+128, x, y, int32(n))
			t.Logf("%s %d: %.2f us, %s", chip, step, 1e6*c.Estimate.Seconds, c.Estimate.Limit)
			assert.LessOrEqual(t, c.Estimate.Seconds, 1.02*last, "%s: step %d", chip, step)
			last = c.Estimate.Seconds
		}
	}
}

// Bandwidth is bytes under way by latency (Little): a kernel each of whose threads waits for one number at a time, with one block on each
// multiprocessor. The figures are those of "read" of gpu-stream, github.com/te42kyfo/gpu-benches, in GB/s.
func TestEstimateOfReadsByOccupancy(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute")
	}
	for chip, rates := range map[string]map[int]float64{
		"a100": {32: 85, 128: 325, 256: 619, 512: 1122, 1024: 1769},
		"h200": {32: 123, 128: 485, 256: 935, 512: 1707, 1024: 2756},
	} {
		for threads, want := range rates {
			d := estimator(t, chip)
			n := 256 * threads * d.Chip().SMs
			x, y := alloc(t, d, uint64(8*n)), alloc(t, d, 8)
			c := estimate(t, d, "read_all", linear(d.Chip().SMs), linear(threads), 0, x, y, int64(n))
			rate := 8 * float64(n) / (c.Estimate.Seconds - c.Estimate.LaunchSeconds) / 1e9
			t.Logf("%s, %d threads: %.0f GB/s, measured %.0f; %s", chip, threads, rate, want, c.Estimate.Limit)
			assert.InDelta(t, 1, rate/want, map[string]float64{"a100": 0.2, "h200": 0.4}[chip], "%s, %d threads", chip, threads)
		}
	}
}

// A copy again and again of what fits into L2 goes at L2's speed. The figures are those of gpu-small-kernels in a graph
// (github.com/te42kyfo/gpu-benches), in GB/s both ways together, of 8 MiB and of 13 MiB arrays; the L40 is of the RTX 4090's die.
func TestEstimateOfCopiesInL2(t *testing.T) {
	for chip, measured := range map[string]struct {
		bytes int
		rate  float64
	}{"a100": {8 << 20, 2946}, "h200": {13 << 20, 4038}, "rtx4090": {13 << 20, 4315}} {
		d := estimator(t, chip)
		x, y := alloc(t, d, uint64(measured.bytes)), alloc(t, d, uint64(measured.bytes))
		var e sim.Estimate
		for range 2 {
			e = estimate(t, d, "copy", linear(measured.bytes/4/256), linear(256), 0, x, y, int32(measured.bytes/4)).Estimate
		}
		assert.Zero(t, e.Memory.DRAMReadBytes+e.Memory.DRAMWriteBytes, chip)
		rate := 2 * float64(measured.bytes) / (e.Seconds - e.LaunchSeconds + d.Chip().NodeMicroseconds*1e-6) / 1e9
		t.Logf("%s: %.0f GB/s, measured %.0f; %s", chip, rate, measured.rate, e.Limit)
		assert.InDelta(t, 1, rate/measured.rate, 0.25, chip)
	}
}
