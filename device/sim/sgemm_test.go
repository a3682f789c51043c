package sim_test

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/sass"
)

// What NVRTC 12.9 makes of sgemm.cu with -lineinfo: the PTX, a zero byte and the cubin.
//
//go:embed testdata/sgemm.sm_80.gz
var sgemm80 []byte

//go:embed testdata/sgemm.sm_89.gz
var sgemm89 []byte

// ptxAndCubin takes testdata apart.
func ptxAndCubin(t *testing.T, packed []byte) (ptx, cubin []byte) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	all, err := io.ReadAll(r)
	require.NoError(t, err)
	ptx, cubin, found := bytes.Cut(all, []byte{0})
	require.True(t, found)
	return ptx, cubin
}

// sgemmSeries is a series of kernels, and the GFLOP/s for matrices of 4096 x 4096 that forks of github.com/siboehm/SGEMM_CUDA list in their
// README for an A100 (the mean of three, which lie within 15 % of each other) and for an RTX 4090 (of two, within 8 %).
var sgemmSeries = []struct {
	kernel        string
	block         [3]uint32
	tile          uint32 // of C of a block, its width
	a100, rtx4090 float64
}{
	{"naive", [3]uint32{32, 32, 1}, 32, 291, 677},
	{"coalesced", [3]uint32{1024, 1, 1}, 32, 3213, 5026},
	{"shared_tile", [3]uint32{1024, 1, 1}, 32, 5104, 6517},
	{"column_of_8", [3]uint32{512, 1, 1}, 64, 10057, 19295},
	{"square_of_8", [3]uint32{256, 1, 1}, 128, 13640, 35844},
	{"vectors_of_4", [3]uint32{256, 1, 1}, 128, 14599, 42895},
	{"tuned", [3]uint32{256, 1, 1}, 128, 15029, 42887},
	{"warp_tile", [3]uint32{128, 1, 1}, 128, 16410, 45835},
}

// TestEstimateOfSGEMM: estimates of the series, of the size that was measured, by samples of the blocks.
func TestEstimateOfSGEMM(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute")
	}
	for _, on := range []struct {
		chip      string
		packed    []byte
		published func(i int) float64
	}{
		{"a100", sgemm80, func(i int) float64 { return sgemmSeries[i].a100 }},
		{"rtx4090", sgemm89, func(i int) float64 { return sgemmSeries[i].rtx4090 }},
	} {
		ptx, cubin := ptxAndCubin(t, on.packed)
		var estimated, published []float64
		for i, s := range sgemmSeries {
			d := estimator(t, on.chip)
			m, err := d.Load(sass.Attach(ptx, cubin))
			require.NoError(t, err)
			k, err := m.Kernel(s.kernel)
			require.NoError(t, err)
			const n = 4096
			a, b, c := alloc(t, d, 4*n*n), alloc(t, d, 4*n*n), alloc(t, d, 4*n*n)
			counters, err := d.Launch(k, [3]uint32{n / s.tile, n / s.tile, 1}, s.block, 0, pack(int32(n), float32(1), a, b, float32(0), c))
			require.NoError(t, err)
			assert.True(t, counters.Estimate.MachineCode)
			got, want := 2*n*n*n/counters.Estimate.Seconds/1e9, on.published(i)
			t.Logf("%s %-12s %6.0f GFLOP/s, published %6.0f: %.2f", on.chip, s.kernel, got, want, got/want)
			assert.True(t, got > 0.7*want && got < 1.4*want, "%s, %s: %.0f GFLOP/s, published %.0f", on.chip, s.kernel, got, want)
			estimated, published = append(estimated, got), append(published, want)
		}
		assert.Greater(t, spearman(estimated, published), 0.9, on.chip)
	}
}

// TestRegistersOfMachineCode: 101 registers of a thread, which are ptxas's, are 104 as they are allocated, so that each quarter of a multiprocessor's 65536 is
// enough for four warps of 3328. A card refuses a block of 17.
func TestRegistersOfMachineCode(t *testing.T) {
	d := checked(t)
	m, err := d.Load(sass.Attach(ptxAndCubin(t, sgemm80)))
	require.NoError(t, err)
	k, err := m.Kernel("vectors_of_4")
	require.NoError(t, err)
	assert.Equal(t, 101, k.Attributes().Registers)
	assert.Equal(t, 512, k.Attributes().MaxThreads)
	params := pack(int32(128), float32(1), uint64(0), uint64(0), float32(0), uint64(0))
	require.NoError(t, d.CheckLaunch(k, linear(1), linear(512), 0, params))
	err = d.CheckLaunch(k, linear(1), linear(513), 0, params)
	require.ErrorIs(t, err, sim.ErrResources)
	assert.ErrorContains(t, err, "513 threads in a block with 101 registers each, h200 has registers for 512: give blocks of fewer threads, or the kernel __launch_bounds__(513)")
	for threads, blocks := range map[int]int{512: 1, 128: 4, 96: 5, 32: 16} {
		assert.Equal(t, blocks, d.Occupancy(k, threads, 0).BlocksPerSM, threads)
	}
}

// TestScoreboardThatIsNone: machine code that waits for a scoreboard which no warp has, in the place of barriers, is estimated all the same.
func TestScoreboardThatIsNone(t *testing.T) {
	const barrier, waitFor7 = 0xb1d, 0x91a | 7<<12 | 7<<44 // BAR.SYNC; DEPBAR.LE SB7, 0x0
	ptx, cubin := ptxAndCubin(t, sgemm80)
	for at := 0; at+16 <= len(cubin); at += 16 {
		if binary.LittleEndian.Uint64(cubin[at:])&0xfff == barrier {
			binary.LittleEndian.PutUint64(cubin[at:], waitFor7)
		}
	}
	d := estimator(t, "a100")
	m, err := d.Load(sass.Attach(ptx, cubin))
	require.NoError(t, err)
	k, err := m.Kernel("shared_tile")
	require.NoError(t, err)
	const n = 32
	a, b, c := alloc(t, d, 4*n*n), alloc(t, d, 4*n*n), alloc(t, d, 4*n*n)
	counters, err := d.Launch(k, linear(1), linear(n*n), 0, pack(int32(n), float32(1), a, b, float32(0), c))
	require.NoError(t, err)
	assert.True(t, counters.Estimate.MachineCode)
	assert.Positive(t, counters.Estimate.Seconds)
}

// spearman is the correlation of ranks.
func spearman(x, y []float64) float64 {
	ranks := func(v []float64) []int {
		order := make([]int, len(v))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			if v[a] < v[b] {
				return -1
			}
			return 1
		})
		rank := make([]int, len(v))
		for r, i := range order {
			rank[i] = r
		}
		return rank
	}
	a, b := ranks(x), ranks(y)
	sum := 0.0
	for i := range a {
		sum += float64((a[i] - b[i]) * (a[i] - b[i]))
	}
	n := float64(len(x))
	return 1 - 6*sum/(n*(n*n-1))
}
