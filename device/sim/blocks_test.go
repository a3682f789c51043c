package sim_test

import (
	_ "embed"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

var (
	//go:embed testdata/blocks.cu
	blocksSource string
	// NVRTC 12.9 made it with --gpu-architecture=compute_80 --std=c++17 -lineinfo.
	//go:embed testdata/blocks.ptx
	blocksPTX string
)

// meeting is a kernel of testdata/blocks.cu: what it computes if it is right, else what a check has to say about it.
type meeting struct {
	kernel          string
	blocks, threads int
	kind            sim.Kind
	advice          bool                // the finding is advice
	data            func(i int) int32   // of the first words of data, or nil
	y               func(i int) float32 // of blocks*threads results, or nil
}

// flagResult is what all blocks but the last read.
func flagResult(blocks, threads int) func(i int) float32 {
	return func(i int) float32 {
		if i/threads == blocks-1 {
			return 0
		}
		return float32(threads - i%threads)
	}
}

// stencilResult steps as the stencil of blocks.cu does.
func stencilResult(n int) func(i int) float32 {
	x := make([]int, n)
	for i := range x {
		x[i] = i % 7
	}
	for range 4 {
		next := make([]int, n)
		for i := range x {
			next[i] = x[i] + x[(i+1)%n] - x[(i+n-33)%n]
		}
		x = next
	}
	return func(i int) float32 { return float32(x[i]) }
}

func handshakeResult(int) int32 {
	v := int32(0)
	for i := range int32(20) {
		v = v*3 + i%2 + 1
	}
	return v
}

func scanResult(threads int) func(i int) float32 {
	return func(i int) float32 {
		before := 0
		for tile := range i / threads {
			before += (1 + tile%3) * threads
		}
		return float32(before + (1+i/threads%3)*(i%threads+1))
	}
}

// sharedFlagResult is what the second warp reads of the first.
func sharedFlagResult(i int) float32 {
	if i < 32 {
		return 0
	}
	return float32(63 - i)
}

var meetings = []meeting{
	{kernel: "lock_right", blocks: 40, threads: 64, data: func(int) int32 { return 40 }},
	{kernel: "lock_no_release", blocks: 4, threads: 64, kind: sim.BlockRace},
	{kernel: "lock_block_fence", blocks: 4, threads: 64, kind: sim.BlockRace},
	{kernel: "lock_no_acquire", blocks: 4, threads: 64, kind: sim.BlockRace, advice: true},
	{kernel: "lock_of_threads_right", blocks: 3, threads: 64, data: func(int) int32 { return 192 }},
	{kernel: "ticket_right", blocks: 40, threads: 64, data: func(int) int32 { return 40 }},
	{kernel: "ticket_relaxed", blocks: 4, threads: 64, kind: sim.BlockRace},
	{kernel: "flag_right", blocks: 20, threads: 64, y: flagResult(20, 64)},
	{kernel: "flag_relaxed_store", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "flag_block_release", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "flag_relaxed_load", blocks: 3, threads: 64, kind: sim.BlockRace, advice: true},
	{kernel: "flag_block_acquire", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "flag_plain_load", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "flag_plain_store", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "volatile_flag_right", blocks: 20, threads: 64, y: flagResult(20, 64)},
	{kernel: "volatile_flag_no_fence", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "volatile_flag_plain", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "volatile_flag_block_fence", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "handshake_right", blocks: 2, threads: 32, data: handshakeResult},
	{kernel: "handshake_no_fence", blocks: 2, threads: 32, kind: sim.BlockRace},
	{kernel: "stencil_right", blocks: 20, threads: 64, y: stencilResult(20 * 64)},
	{kernel: "stencil_no_fence", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "stencil_no_block_barrier", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "stencil_no_grid_barrier", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "stencil_fences_first", blocks: 20, threads: 64, y: stencilResult(20 * 64)},
	{kernel: "stencil_one_fence_first", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "neighbours_right", blocks: 20, threads: 64, y: func(i int) float32 { return float32(6 * ((i + 64) % 1280)) }},
	{kernel: "neighbours_no_fence", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "cooperative_right", blocks: 20, threads: 64, y: func(i int) float32 { return float32(3*(20*64-1-i) + 3) }},
	{kernel: "cooperative_relaxed", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "scan_right", blocks: 20, threads: 64, y: scanResult(64)},
	{kernel: "scan_no_fence", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "last_block_right", blocks: 20, threads: 64, y: func(i int) float32 { return float32(max(0, 1-i) * 210) }},
	{kernel: "last_block_plain", blocks: 3, threads: 64, kind: sim.BlockRace, advice: true},
	{kernel: "last_block_no_fence", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "counter_right", blocks: 20, threads: 64},
	{kernel: "counter_of_block", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "found_right", blocks: 20, threads: 64, kind: sim.BlockRace, advice: true},
	{kernel: "found_values", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "found_read", blocks: 3, threads: 64, kind: sim.BlockRace},
	{kernel: "within_block_right", blocks: 3, threads: 128, y: func(i int) float32 { return float32(127 - i%128) }},
	{kernel: "within_block_no_barrier", blocks: 3, threads: 128, kind: sim.GlobalRace},
	{kernel: "shift_right", blocks: 3, threads: 128, y: func(i int) float32 { return float32((i%128 + 1) % 128) }},
	{kernel: "shift_no_barrier", blocks: 3, threads: 128, kind: sim.GlobalRace},
	{kernel: "within_warp_right", blocks: 1, threads: 32, y: func(i int) float32 { return float32(i ^ 1) }},
	{kernel: "within_warp_no_sync", blocks: 1, threads: 32, kind: sim.WarpRace, advice: true},
	{kernel: "warp_flag_right", blocks: 1, threads: 64},
	{kernel: "warp_flag_no_fence", blocks: 1, threads: 64, kind: sim.GlobalRace},
	{kernel: "shared_flag_right", blocks: 1, threads: 64, y: sharedFlagResult},
	{kernel: "shared_flag_no_fence", blocks: 1, threads: 64, kind: sim.SharedRace},
	{kernel: "shared_lock_right", blocks: 1, threads: 128, y: func(int) float32 { return 4 }},
	{kernel: "shared_lock_no_fences", blocks: 1, threads: 128, kind: sim.SharedRace},
	{kernel: "float_sum_right", blocks: 3, threads: 64},
	{kernel: "float_sum_by_atomics", blocks: 3, threads: 64, kind: sim.OrderDependent, advice: true},
	{kernel: "endless_flag", blocks: 1, threads: 32, kind: sim.EndlessLoop},
	{kernel: "endless_plain", blocks: 3, threads: 64, kind: sim.EndlessLoop},
	{kernel: "endless_table", blocks: 1, threads: 32, kind: sim.EndlessLoop},
	{kernel: "endless_store", blocks: 3, threads: 64, kind: sim.EndlessLoop},
	{kernel: "endless_circle", blocks: 3, threads: 64, kind: sim.Deadlock},
}

// launchMeeting runs a kernel and gives what was found, and data and y after it.
func launchMeeting(t testing.TB, x meeting, opts sim.Options) (found, advice []*sim.Report, data []int32, y []float32) {
	d := sim.NewDevice(hopper(t), opts)
	n := x.blocks * x.threads
	data, y = make([]int32, 4*n), make([]float32, n)
	atData, atSync, atY := upload(t, d, data), upload(t, d, make([]int32, n+64)), upload(t, d, y)
	c, err := d.Launch(kernelOf(t, d, blocksPTX, x.kernel), linear(x.blocks), linear(x.threads), 0, pack(atData, atSync, atY, uint32(len(data))))
	download(t, d, atData, data)
	download(t, d, atY, y)
	if err != nil {
		var findings *sim.Findings
		require.ErrorAs(t, err, &findings)
		found = findings.Reports
	}
	return found, c.Advice, data, y
}

// TestBlocksThatMeet holds that kernels whose blocks and threads meet in global memory run and are clean if they are right, and that what is
// left out is found, under every schedule.
func TestBlocksThatMeet(t *testing.T) {
	for _, x := range meetings {
		t.Run(x.kernel, func(t *testing.T) {
			for _, opts := range orders() {
				found, advice, data, y := launchMeeting(t, x, opts)
				if x.kind != "" && !x.advice {
					require.Contains(t, kinds(found), x.kind, "%+v: %v", opts, found)
					continue
				}
				require.Empty(t, found, "%+v", opts)
				if x.advice {
					require.Contains(t, kinds(advice), x.kind, "%+v: %v", opts, advice)
				} else {
					require.Empty(t, advice, "%+v", opts)
				}
				if x.data != nil {
					require.Equal(t, x.data(0), data[0], "%+v", opts)
				}
				for i := range y {
					if x.y != nil {
						require.Equal(t, x.y(i), y[i], "y[%d], %+v", i, opts)
					}
				}
			}
		})
	}
}

// TestGridThatDoesNotFit holds that a barrier of the grid works for as many blocks as the chip holds at once, and that one block more is a
// deadlock that names both numbers. A multiprocessor of the h200 has 64 warps (CUDA C++ Programming Guide, "Technical
// Specifications"): two blocks of 1024 threads.
func TestGridThatDoesNotFit(t *testing.T) {
	chip := hopper(t)
	chip.SMs = 3
	for _, kernel := range []string{"stencil_right", "cooperative_right"} {
		for blocks := 6; blocks <= 7; blocks++ {
			d := sim.NewDevice(chip, sim.Options{})
			n := blocks * 1024
			params := pack(upload(t, d, make([]int32, 4*n)), upload(t, d, make([]int32, 64)), upload(t, d, make([]float32, n)), uint32(4*n))
			_, err := d.Launch(kernelOf(t, d, blocksPTX, kernel), linear(blocks), linear(1024), 0, params)
			if blocks == 6 {
				require.NoError(t, err, kernel)
				continue
			}
			var found *sim.Findings
			require.ErrorAs(t, err, &found, kernel)
			require.Len(t, found.Reports, 1)
			require.Equal(t, sim.Deadlock, found.Reports[0].Kind)
			for _, part := range []string{"6 of the 7 blocks", "2 on each of 3 multiprocessors", "blocks.cu:"} {
				require.Contains(t, found.Reports[0].Message, part)
			}
		}
	}
}

// TestMeetingsAreReproducible holds that what blocks find that take turns, and what they count, does not depend on the number of workers.
func TestMeetingsAreReproducible(t *testing.T) {
	for _, x := range meetings {
		if x.blocks < 20 && x.kind != sim.Deadlock {
			continue
		}
		first := ""
		for workers := 1; workers <= 4; workers++ {
			d := sim.NewDevice(hopper(t), sim.Options{Checks: sim.AllChecks, Workers: workers})
			n := x.blocks * x.threads
			params := pack(upload(t, d, make([]int32, 4*n)), upload(t, d, make([]int32, n+64)), upload(t, d, make([]float32, n)), uint32(4*n))
			c, err := d.Launch(kernelOf(t, d, blocksPTX, x.kernel), linear(x.blocks), linear(x.threads), 0, params)
			text := fmt.Sprint(c, c.Memory, err)
			if first == "" {
				first = text
			}
			require.Equal(t, first, text, "%s, %d workers", x.kernel, workers)
		}
	}
}

// TestOrders holds that several orders find a sum whose bits depend on them, and nothing else, and that memory is that of the first.
func TestOrders(t *testing.T) {
	for kernel, depends := range map[string]bool{"float_sum_by_atomics": true, "float_sum_right": false, "stencil_right": false, "lock_right": false, "scan_right": false, "cooperative_right": false} {
		d := sim.NewDevice(hopper(t), sim.Options{Orders: 8})
		const blocks, threads = 10, 64
		sync, y := upload(t, d, make([]int32, 64)), upload(t, d, make([]float32, blocks*threads))
		params := pack(upload(t, d, make([]int32, 4*blocks*threads)), sync, y, uint32(4*blocks*threads))
		c, err := d.Launch(kernelOf(t, d, blocksPTX, kernel), linear(blocks), linear(threads), 0, params)
		require.NoError(t, err, kernel)
		require.NotZero(t, c.Warp)
		if !depends {
			require.Empty(t, c.Advice, kernel)
			continue
		}
		require.Equal(t, []sim.Kind{sim.OrderDependent}, kinds(c.Advice))
		require.Contains(t, c.Advice[0].String(), "parameter 1")
		want := float32(0)
		for b := range blocks {
			for i := range threads {
				want += 1 / float32(1+i+7*b)
			}
		}
		var got float32
		download(t, d, sync, &got)
		require.Equal(t, want, got, "the sum in the order of the threads")
	}
}

func kinds(reports []*sim.Report) []sim.Kind {
	var all []sim.Kind
	for _, r := range reports {
		all = append(all, r.Kind)
	}
	return all
}
