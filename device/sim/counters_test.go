package sim_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// count runs a kernel that takes x and y, of that many bytes, with one block.
func count(t *testing.T, kernel string, block [3]uint32, bytes int) *sim.Counters {
	d := checked(t)
	x, y := upload(t, d, make([]byte, bytes)), alloc(t, d, uint64(bytes))
	c, err := d.Launch(kernelOf(t, d, kernelsPTX, kernel), linear(1), block, 0, pack(x, y))
	require.NoError(t, err)
	return c
}

// A warp that reads a column of a 32-float row meets one bank 32 times; with a row of 33 every lane has a bank of its own.
func TestTransposeBankConflicts(t *testing.T) {
	block := [3]uint32{32, 8, 1}
	plain, padded := count(t, "transpose", block, 4096).Memory, count(t, "transpose_padded", block, 4096).Memory

	// 8 warps, 4 rows each.
	assert.EqualValues(t, 32, plain.SharedLoads)
	assert.EqualValues(t, 32*32, plain.SharedLoadWavefronts)
	assert.EqualValues(t, 32, plain.SharedLoadIdeal)
	assert.EqualValues(t, 32, plain.SharedStores)
	assert.EqualValues(t, 32, plain.SharedStoreWavefronts)
	assert.EqualValues(t, 32, padded.SharedLoadWavefronts)
	assert.EqualValues(t, 32, padded.SharedStoreWavefronts)

	for _, c := range []sim.MemoryCounters{plain, padded} {
		assert.EqualValues(t, 32, c.GlobalLoads)
		assert.EqualValues(t, 32*4, c.GlobalLoadSectors)
		assert.EqualValues(t, 32*4, c.GlobalLoadIdeal)
		assert.EqualValues(t, 4096, c.GlobalLoadBytes)
		assert.EqualValues(t, 32*4, c.GlobalStoreSectors)
		assert.EqualValues(t, 4096, c.BytesRead)
		assert.EqualValues(t, 4096, c.BytesWritten)
	}
}

func TestSectorsOfLoads(t *testing.T) {
	for kernel, want := range map[string]struct{ sectors, distinct int64 }{
		"copy_straight": {4, 128},
		"copy_strided":  {32, 1024}, // a sector for each thread
		"copy_shifted":  {5, 160},
		"copy_one":      {1, 32},
	} {
		c := count(t, kernel, linear(32), 1024).Memory
		assert.EqualValues(t, 1, c.GlobalLoads, kernel)
		assert.Equal(t, want.sectors, c.GlobalLoadSectors, kernel)
		assert.Equal(t, want.distinct, c.BytesRead, kernel)
		assert.EqualValues(t, 4, c.GlobalStoreSectors, kernel)
		assert.EqualValues(t, 128, c.BytesWritten, kernel)
	}
}

// Wider elements take more wavefronts and sectors for as many requests, and no conflict.
func TestVectorLoads(t *testing.T) {
	for kernel, width := range map[string]int64{"reverse_singles": 1, "reverse_pairs": 2, "reverse_quads": 4} {
		c := count(t, kernel, linear(64), 1024).Memory
		assert.EqualValues(t, 2, c.SharedLoads, kernel)
		assert.Equal(t, 2*width, c.SharedLoadWavefronts, kernel)
		assert.Equal(t, 2*width, c.SharedStoreWavefronts, kernel)
		assert.Equal(t, 2*4*width, c.GlobalLoadSectors, kernel)
		assert.Equal(t, 64*4*width, c.GlobalLoadBytes, kernel)
	}
}

// Every instruction of a hand-written kernel has its class, its warps and its threads.
func TestInstructionCounts(t *testing.T) {
	d := checked(t)
	k := kernelOf(t, d, snippet("", `
	.shared .u32 total;
	setp.lt.u32 %p1, %r2, 40;
	@%p1 add.u32 %r10, %r0, 1;
	@!%p1 fma.rn.f32 %r11, 0f3F800000, 0f40000000, 0f40400000;
	@%p1 bra $few;
	mul.lo.u32 %r10, %r0, 3;
	mul.lo.u32 %r10, %r10, 3;
$few:
	bar.sync 0;
	st.shared.u32 [total], 7;
	bar.sync 0;
	atom.shared.add.u32 %r12, [total], 1;
	red.global.add.u32 [%d1], 1;`), "snippet")
	x, y := upload(t, d, make([]byte, 64)), upload(t, d, make([]byte, 64))
	c, err := d.Launch(k, linear(3), linear(64), 0, pack(x, y))
	require.NoError(t, err)
	const blocks, warps = 3, 6
	count := func(class sim.Class, warp, thread int64) {
		assert.Equal(t, sim.Count{Warp: warp, Thread: thread}, c.Classes[class], "%v", class)
	}
	count(sim.BarrierClass, 2*warps, 2*64*blocks)
	count(sim.SharedStore, warps, 64*blocks)
	count(sim.Atomic, 2*warps, 2*64*blocks)
	count(sim.FMA32, warps, 24*blocks) // issued for both warps, executed by threads 40 to 63
	count(sim.Float64, 0, 0)
	count(sim.ParameterLoad, 2*warps, 2*64*blocks)
	// mad, add; in the second warp, where threads 40 and up go another way, two mul
	count(sim.Integer, 2*warps+2*blocks, (64+40+2*24)*blocks)
	assert.EqualValues(t, 64*blocks, c.Memory.SharedAtomics)
	assert.EqualValues(t, 64*blocks, c.Memory.GlobalAtomics)
	var sum sim.Count
	for _, n := range c.Classes {
		sum.Warp += n.Warp
		sum.Thread += n.Thread
	}
	assert.Equal(t, c.Count, sum)
	assert.InDelta(t, float64(sum.Thread)/float64(32*sum.Warp), c.SIMTEfficiency(), 1e-12)
}

// A loop's line is the hottest, and the lines' counts add up to all.
func TestHottestLines(t *testing.T) {
	c := launchJob(t, kernelsPTX, gemmJob(), sim.Options{Checks: sim.AllChecks})
	hottest := c.Hottest(1)
	require.Len(t, hottest, 1)
	assert.Contains(t, strings.Split(kernelsSource, "\n")[hottest[0].Line-1], "fmaf", "the innermost line")
	var sum int64
	for _, l := range c.Lines {
		sum += l.Warp
	}
	assert.Equal(t, c.Warp, sum)
	assert.EqualValues(t, 12*8*4*2, c.Classes[sim.BarrierClass].Warp, "12 blocks of 8 warps, 4 steps of 2 barriers")
	assert.EqualValues(t, 12*256*4*64, c.Classes[sim.FMA32].Thread, "4 results a thread, 64 steps with the rest of the last tile")
}

func TestTensorCounts(t *testing.T) {
	c := launchJob(t, kernelsPTX, convolutionJob(), sim.Options{})
	require.Len(t, c.Tensor, 1)
	assert.EqualValues(t, 2*4*9*2*8, c.Tensor[0].Warp, "2 blocks of 4 warps, 9 steps of 2 times 8")
	assert.EqualValues(t, c.Tensor[0].Warp*16*8*16*2, c.Tensor[0].Flops)
}

// The peaks of dense products, in 10^12 operations a second, as NVIDIA publishes them: "NVIDIA A100 Tensor Core GPU Architecture", table 3;
// "NVIDIA Ada GPU Architecture", appendix A; "NVIDIA H100 Tensor Core GPU Architecture" for f64.
func TestTensorRates(t *testing.T) {
	for _, test := range []struct {
		chip, element, accumulator string
		peak                       float64
	}{
		{"a100", "bf16", "f32", 312}, {"a100", "f16", "f16", 312}, {"a100", "tf32", "f32", 156}, {"a100", "f64", "f64", 19.5},
		{"a100", "s8", "s32", 624}, {"a100", "u4", "s32", 1248}, {"a100", "b1", "s32", 4992},
		{"rtx4090", "f16", "f32", 165.2}, {"rtx4090", "f16", "f16", 330.3}, {"rtx4090", "bf16", "f32", 165.2}, {"rtx4090", "tf32", "f32", 82.6},
		{"rtx4090", "e4m3", "f32", 330.3}, {"rtx4090", "e5m2", "f16", 660.6}, {"rtx4090", "u8", "s32", 660.6}, {"rtx4090", "s4", "s32", 1321.2},
		{"rtx4090", "f64", "f64", 1.29}, // no tensor cores of f64: 1/64 of the lanes of f32
		{"h200", "f64", "f64", 66.9},
	} {
		chip, err := sim.ChipByName(test.chip)
		require.NoError(t, err)
		rate := sim.TensorRate(chip, test.element, test.accumulator) * float64(chip.SMs) * float64(chip.ClockMHz) * 1e6
		assert.InEpsilon(t, test.peak*1e12, rate, 0.01, "%+v", test)
	}
	h200, err := sim.ChipByName("h200")
	require.NoError(t, err)
	assert.Equal(t, sim.TensorRate(h200, "bf16", "f32"), sim.TensorRate(h200, "e4m3", "f32"), "mma of fp8 is done in f16")
	assert.Equal(t, 2*sim.TensorRate(h200, "bf16", "f32"), sim.TensorRate(h200, "s8", "s32"))
}

func TestOccupancy(t *testing.T) {
	d := checked(t)
	k := kernelOf(t, d, kernelsPTX, "copy_straight")
	for _, test := range []struct {
		threads, shared, blocks, warps int
		limit                          string
	}{
		{32, 0, 32, 32, "blocks"},
		{256, 0, 8, 64, "warps"},
		{1024, 0, 2, 64, "warps"},
		{96, 0, 21, 63, "warps"},
		{256, 100 << 10, 2, 16, "shared memory"},
		{256, 227 << 10, 1, 8, "shared memory"},
	} {
		o := d.Occupancy(k, test.threads, uint32(test.shared))
		assert.Equal(t, sim.Occupancy{BlocksPerSM: test.blocks, WarpsPerSM: test.warps, Fraction: float64(test.warps) / 64, Limit: test.limit}, o, "%+v", test)
	}
}
