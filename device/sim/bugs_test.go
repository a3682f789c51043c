package sim_test

import (
	_ "embed"
	"errors"
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

var (
	//go:embed testdata/bugs.cu
	bugsSource string
	// NVRTC 12.9 made these with --gpu-architecture=compute_80 --std=c++17 -lineinfo and -DFIXED=0 or 1.
	//go:embed testdata/bugs.ptx
	bugsPTX string
	//go:embed testdata/bugs_fixed.ptx
	bugsFixedPTX string
)

// bug is a kernel of testdata/bugs.cu and what a check has to say about it.
type bug struct {
	kernel          string
	blocks, threads int
	kind            sim.Kind
	block, thread   int    // the one that must be named, or -1 for any
	array           string // part of the name that must be named
}

var bugs = []bug{
	{"read_past_end", 2, 128, sim.OutOfBounds, 1, 127, ""},
	{"read_before_start", 2, 128, sim.OutOfBounds, 0, 0, ""},
	{"write_without_guard", 3, 128, sim.OutOfBounds, 2, 0, ""},
	{"null_pointer", 1, 32, sim.OutOfBounds, 0, 0, ""},
	{"shared_past_end", 1, 32, sim.OutOfBounds, 0, 31, "tile"},
	{"shared_next_array", 1, 32, sim.OutOfBounds, 0, 31, "first"},
	{"dynamic_past_end", 1, 32, sim.OutOfBounds, 0, 0, "dynamic"},
	{"local_past_end", 1, 32, sim.OutOfBounds, 0, 0, ""},
	{"misaligned_global", 1, 32, sim.Misaligned, 0, 1, ""},
	{"misaligned_shared", 1, 32, sim.Misaligned, 0, 1, "tile"},
	{"use_after_free", 1, 32, sim.UseAfterFree, 0, 0, ""},
	{"uninitialised_global", 1, 32, sim.UninitializedGlobal, 0, 0, ""},
	{"uninitialised_shared", 1, 32, sim.UninitializedShared, 0, 24, "tile"},
	{"uninitialised_local", 1, 32, sim.UninitializedLocal, 0, 5, ""},
	{"uninitialised_register", 1, 32, sim.UninitializedRegister, 0, 0, ""},
	{"read_after_write", 1, 64, sim.SharedRace, 0, -1, "tile"},
	{"write_after_read", 1, 64, sim.SharedRace, 0, -1, "tile"},
	{"write_after_write", 1, 64, sim.SharedRace, 0, -1, "tile"},
	{"race_within_warp", 1, 32, sim.WarpRace, 0, -1, "tile"},
	{"one_store_many_values", 1, 32, sim.WarpRace, 0, -1, "tile"},
	{"atomic_against_read", 1, 64, sim.SharedRace, 0, -1, "count"},
	{"barrier_of_too_few_warps", 1, 128, sim.SharedRace, 0, -1, "tile"},
	{"blocks_write_one_place", 2, 32, sim.BlockRace, -1, 0, ""},
	{"blocks_read_and_write", 2, 32, sim.BlockRace, -1, 0, ""},
	{"last_block_without_fence", 8, 32, sim.BlockRace, -1, 0, ""},
	{"last_block_without_barrier", 3, 64, sim.BlockRace, -1, 0, ""},
	{"barrier_in_branch", 1, 64, sim.DivergentBarrier, 0, -1, ""},
	{"barrier_after_exit", 1, 64, sim.DivergentBarrier, 0, -1, ""},
	{"two_barriers", 1, 64, sim.Deadlock, 0, -1, ""},
	{"barrier_count", 1, 64, sim.BadBarrier, 0, -1, ""},
	{"async_without_wait", 1, 64, sim.AsyncRace, 0, -1, "tile"},
	{"async_wait_too_weak", 1, 64, sim.AsyncRace, 0, -1, "tile"},
	{"async_without_barrier", 1, 64, sim.SharedRace, 0, -1, "tile"},
	{"mask_of_absent_lanes", 1, 32, sim.BadMask, 0, -1, ""},
	{"mask_without_own_lane", 1, 32, sim.BadMask, 0, -1, ""},
	{"shuffle_from_absent_lane", 1, 32, sim.BadShuffle, 0, 0, ""},
	{"matrix_of_half_a_warp", 1, 16, sim.PartialWarp, 0, -1, ""},
	{"endless_loop", 1, 32, sim.EndlessLoop, 0, -1, ""},
	{"stops", 1, 32, sim.Trap, 0, 3, ""},
	{"inlined", 2, 128, sim.OutOfBounds, 1, 127, ""},
}

// launchBug runs a kernel on x and y of 256 floats; freed says that x is freed before for the kernel that is about that.
func launchBug(t testing.TB, ptx string, b bug, freed bool, opts sim.Options) error {
	opts.MaxSteps = 20_000
	d := sim.NewDevice(hopper(t), opts)
	const n = 256
	x, y := upload(t, d, make([]float32, n)), alloc(t, d, 4*n)
	if b.kernel == "use_after_free" && freed {
		require.NoError(t, d.Free(x))
	}
	_, err := d.Launch(kernelOf(t, d, ptx, b.kernel), linear(b.blocks), linear(b.threads), uint32(4*b.threads), pack(x, y, uint32(n)))
	return err
}

// markedLine is the number of the line with the mark in the kernel's code; what inlined calls is written above it.
func markedLine(t testing.TB, kernel, mark string) int {
	start := strings.Index(bugsSource, " "+kernel+"(")
	if kernel == "inlined" && mark == "// BUG" {
		start = strings.Index(bugsSource, "float neighbour(")
	}
	require.Positive(t, start, kernel)
	end := strings.Index(bugsSource[start:], mark)
	require.Positive(t, end, kernel)
	return strings.Count(bugsSource[:start+end], "\n") + 1
}

// orders are the schedules that must not change what is found.
func orders() []sim.Options {
	var all []sim.Options
	for _, order := range []sim.Order{sim.Forward, sim.Reverse, sim.Random} {
		for _, workers := range []int{1, 2} {
			all = append(all, sim.Options{Checks: sim.AllChecks, Order: order, Seed: 11, Workers: workers})
		}
	}
	return all
}

func TestPlantedBugs(t *testing.T) { testPlantedBugs(t, bugsPTX, bugsFixedPTX, orders()) }

// testPlantedBugs holds that each check finds its bug, in every order, and that it keeps silent about the corrected kernel.
func testPlantedBugs(t *testing.T, ptx, fixed string, schedules []sim.Options) {
	lines := strings.Split(ptx, "\n")
	for _, b := range bugs {
		t.Run(b.kernel, func(t *testing.T) {
			for _, opts := range schedules {
				err := launchBug(t, ptx, b, true, opts)
				var findings *sim.Findings
				require.ErrorAs(t, err, &findings)
				line := markedLine(t, b.kernel, "// BUG")
				report := findReport(findings, b.kind, line)
				require.NotNil(t, report, "%s in line %d, %+v: %v", b.kind, line, opts, err)
				assert.Equal(t, b.kernel, report.Kernel)
				assert.Equal(t, "bugs.cu", path.Base(report.Source.File))
				require.NotZero(t, report.PTXLine)
				assert.Contains(t, lines[report.PTXLine-1], strings.SplitN(report.Instruction, "\n", 2)[0])
				assert.Contains(t, report.Array, b.array)
				if b.block >= 0 {
					assert.Equal(t, uint32(b.block), report.Block[0], "%v", report)
				}
				if b.thread >= 0 && (b.threads <= 32 || opts.Order == sim.Forward) { // of several warps the first to run is named
					assert.Equal(t, uint32(b.thread), report.Thread[0], "%v", report)
				}
				for _, part := range []string{b.kernel, "bugs.cu:", fmt.Sprint("PTX line ", report.PTXLine), "thread (", report.Array} {
					assert.Contains(t, report.String(), part)
				}
				assert.NoError(t, launchBug(t, fixed, b, false, opts), "the corrected kernel")
			}
		})
	}
}

// findReport finds a report that names the line: a race names two, and which comes second depends on the order of the warps.
func findReport(f *sim.Findings, kind sim.Kind, line int) *sim.Report {
	for _, r := range f.Reports {
		if r.Kind == kind && (r.Source.Line == line || strings.Contains(r.Message, fmt.Sprintf("bugs.cu:%d,", line))) {
			return r
		}
	}
	return nil
}

func TestReportNamesTheCallerOfWhatWasInlined(t *testing.T) {
	err := launchBug(t, bugsPTX, bug{kernel: "inlined", blocks: 2, threads: 128}, true, sim.Options{})
	var findings *sim.Findings
	require.ErrorAs(t, err, &findings)
	report := findings.Reports[0]
	assert.Contains(t, report.Source.Function, "neighbour")
	require.NotEmpty(t, report.Callers)
	assert.Equal(t, markedLine(t, "inlined", "// CALLER"), report.Callers[0].Line)
	assert.Contains(t, report.String(), report.Callers[0].String())
}

// With its check off, a kernel that breaks a rule runs to its end, as it would on a chip that hides the mistake.
func TestChecksCanBeOff(t *testing.T) {
	for _, b := range bugs {
		switch b.kind {
		case sim.SharedRace, sim.WarpRace, sim.BlockRace, sim.UninitializedGlobal, sim.UninitializedLocal, sim.UninitializedRegister, sim.UninitializedShared, sim.AsyncRace:
			assert.NoError(t, launchBug(t, bugsPTX, b, true, sim.Options{}), b.kernel)
		}
	}
}

func TestLaunchLimits(t *testing.T) {
	d := checked(t)
	k := kernelOf(t, d, bugsPTX, "bounded")
	plain := kernelOf(t, d, bugsPTX, "read_after_write")
	x, y := upload(t, d, make([]float32, 256)), alloc(t, d, 1024)
	params := pack(x, y, uint32(256))
	tests := []struct {
		name        string
		kernel      *sim.Kernel
		grid, block [3]uint32
		shared      uint32
		params      []byte
		want        error
		message     string
	}{
		{"launch bounds", k, linear(1), linear(65), 0, params, sim.ErrResources, "64"},
		{"threads of a block", plain, linear(1), linear(1025), 0, params, sim.ErrConfiguration, "1024"},
		{"z of a block", plain, linear(1), [3]uint32{1, 1, 65}, 0, params, sim.ErrConfiguration, "64"},
		{"empty block", plain, linear(1), [3]uint32{32, 0, 1}, 0, params, sim.ErrConfiguration, "0"},
		{"empty grid", plain, [3]uint32{0, 1, 1}, linear(32), 0, params, sim.ErrConfiguration, "0"},
		{"y of a grid", plain, [3]uint32{1, 65536, 1}, linear(32), 0, params, sim.ErrConfiguration, "65535"},
		{"shared memory", plain, linear(1), linear(32), 228 << 10, params, sim.ErrConfiguration, "232448"},
		{"parameters", plain, linear(1), linear(32), 0, params[:8], sim.ErrConfiguration, "20"},
	}
	for _, test := range tests {
		_, err := d.Launch(test.kernel, test.grid, test.block, test.shared, test.params)
		if assert.ErrorIs(t, err, test.want, test.name) {
			assert.Contains(t, err.Error(), test.message, test.name)
			assert.False(t, errors.As(err, new(*sim.Findings)), test.name)
		}
	}
}

func TestUnknownInstructionNamesItsLine(t *testing.T) {
	d := checked(t)
	text := snippet("", "\twgmma.fence.sync.aligned;\n\ttwist.b32 %r30, %r10;")
	m, err := d.Load([]byte(text))
	require.NoError(t, err, "a kernel that is not asked for does no harm")
	_, err = m.Kernel("snippet")
	require.Error(t, err)
	assert.Contains(t, err.Error(), "wgmma.fence.sync.aligned")
	assert.Contains(t, err.Error(), fmt.Sprint("line ", lineOf(text, "wgmma")))
	_, err = m.Kernel("none")
	assert.ErrorIs(t, err, sim.ErrNotFound)
}

// Of many blocks with findings the first is reported, however many run at the same time; and a seed fixes the random order.
func TestReportsAreReproducible(t *testing.T) {
	for _, b := range []bug{{kernel: "write_without_guard", blocks: 40, threads: 128}, {kernel: "read_after_write", blocks: 40, threads: 64}} {
		for _, order := range []sim.Order{sim.Forward, sim.Random} {
			first := ""
			for workers := 1; workers <= 4; workers++ {
				err := launchBug(t, bugsPTX, b, false, sim.Options{Checks: sim.AllChecks &^ sim.BlockRaces, Order: order, Seed: 5, Quantum: 1, Workers: workers})
				require.Error(t, err)
				if first == "" {
					first = err.Error()
				}
				assert.Equal(t, first, err.Error(), "%d workers", workers)
			}
		}
	}
}
