package sim_test

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
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
	{"unrolled", 1, 64, sim.SharedRace, 0, -1, "tile"},
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
	{"barrier_of_half_a_warp", 1, 64, sim.DivergentBarrier, 0, -1, ""},
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

// advised are the kernels whose bug does no harm on the chips that are simulated.
var advised = []string{"barrier_in_branch", "barrier_after_exit", "mask_of_absent_lanes"}

// launchBug runs a kernel on x and y of 256 floats; freed says that x is freed before for the kernel that is about that. It gives the
// errors, then the advice.
func launchBug(t testing.TB, ptx string, b bug, freed bool, opts sim.Options) []*sim.Report {
	opts.MaxSteps = 20_000
	d := sim.NewDevice(hopper(t), opts)
	const n = 256
	x, y := upload(t, d, make([]float32, n)), alloc(t, d, 4*n)
	if b.kernel == "use_after_free" && freed {
		require.NoError(t, d.Free(x))
	}
	c, err := d.Launch(kernelOf(t, d, ptx, b.kernel), linear(b.blocks), linear(b.threads), uint32(4*b.threads), pack(x, y, uint32(n)))
	var findings *sim.Findings
	if !errors.As(err, &findings) {
		require.NoError(t, err)
		return c.Advice
	}
	return append(findings.Reports, c.Advice...)
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
				found := launchBug(t, ptx, b, true, opts)
				line := markedLine(t, b.kernel, "// BUG")
				report := findReport(found, b.kind, line)
				require.NotNil(t, report, "%s in line %d, %+v: %v", b.kind, line, opts, found)
				assert.Equal(t, b.kernel, report.Kernel)
				assert.Equal(t, slices.Contains(advised, b.kernel), report.Severity == sim.Advice, "%v", report)
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
				assert.Empty(t, launchBug(t, fixed, b, false, opts), "the corrected kernel")
			}
		})
	}
}

// findReport finds a report that names the line: a race names two, and which comes second depends on the order of the warps.
func findReport(found []*sim.Report, kind sim.Kind, line int) *sim.Report {
	for _, r := range found {
		if r.Kind == kind && (r.Source.Line == line || strings.Contains(r.Message, fmt.Sprintf("bugs.cu:%d,", line))) {
			return r
		}
	}
	return nil
}

func TestReportNamesTheCallerOfWhatWasInlined(t *testing.T) {
	found := launchBug(t, bugsPTX, bug{kernel: "inlined", blocks: 2, threads: 128}, true, sim.Options{})
	require.NotEmpty(t, found)
	report := found[0]
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
			assert.Empty(t, launchBug(t, bugsPTX, b, true, sim.Options{}), b.kernel)
		}
	}
}

// An unrolled loop is many instructions and one line: one finding.
func TestOneFindingForOneLine(t *testing.T) {
	b := bug{kernel: "unrolled", blocks: 1, threads: 64}
	found := launchBug(t, bugsPTX, b, true, sim.Options{Checks: sim.AllChecks})
	line, places := markedLine(t, b.kernel, "// BUG"), 0
	for _, r := range found {
		if r.Kind == sim.SharedRace && r.Source.Line == line {
			places += 1 + r.MorePlaces
			assert.Contains(t, r.String(), "and 7 more instructions of this line")
		}
	}
	assert.Equal(t, 8, places)
}

// Advice lets the launch succeed and all its blocks run.
func TestAdvice(t *testing.T) {
	d := sim.NewDevice(hopper(t), sim.Options{Checks: sim.AllChecks &^ sim.BlockRaces}) // the blocks write the same words
	y := alloc(t, d, 4*256)
	c, err := d.Launch(kernelOf(t, d, bugsPTX, "barrier_after_exit"), linear(4), linear(64), 0, pack(y, y, uint32(256)))
	require.NoError(t, err)
	require.Len(t, c.Advice, 1)
	assert.Equal(t, sim.Advice, c.Advice[0].Severity)
	assert.Equal(t, [3]uint32{}, c.Advice[0].Block, "the first block with it")
	assert.Contains(t, c.Advice[0].String(), "advice: divergent barrier")
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

// What doc.go names as not supported is refused by its name, with its line.
func TestRefusedByName(t *testing.T) {
	for _, instruction := range []string{
		"wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%r10, %r11, %r12, %r13}, %d10, %d11, 1, 1, 1, 0, 0",
		"wgmma.commit_group.sync.aligned", "wgmma.wait_group.sync.aligned 0",
		"barrier.cluster.arrive", "barrier.cluster.wait", "mapa.shared::cluster.u32 %r10, %r11, 1", "getctarank.shared::cluster.u32 %r10, %r11",
		"ld.shared::cluster.u32 %r10, [%r11]",
		"cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r10], [%d10, {%r11, %r12}], [%r13]",
		"cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 [%d10], [%r10], %r11",
		"mma.sp.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%r10,%r11,%r12,%r13}, {%r14,%r15}, {%r16,%r17}, {%r10,%r11,%r12,%r13}, %r18, 0x0",
		"tex.a2d.v4.f32.s32 {%r10, %r11, %r12, %r13}, [%d10, {%r14, %r15, %r16, %r17}]",
		"tex.cube.v4.f32.f32 {%r10, %r11, %r12, %r13}, [%d10, {%r14, %r15, %r16, %r17}]",
		"tex.level.2d.v4.f32.f32 {%r10, %r11, %r12, %r13}, [%d10, {%r14, %r15}], %r16",
	} {
		text := snippet("", "\t"+instruction+";")
		m, err := checked(t).Load([]byte(text))
		require.NoError(t, err, instruction)
		_, err = m.Kernel("snippet")
		name, _, _ := strings.Cut(instruction, " ")
		assert.ErrorContains(t, err, name)
		assert.ErrorContains(t, err, fmt.Sprintf("line %d", lineOf(text, name)), instruction)
	}
}

// Of many blocks with findings the first is reported, however many run at the same time; and a seed fixes the random order.
func TestReportsAreReproducible(t *testing.T) {
	for _, b := range []bug{{kernel: "write_without_guard", blocks: 40, threads: 128}, {kernel: "read_after_write", blocks: 40, threads: 64},
		{kernel: "barrier_after_exit", blocks: 40, threads: 64}} {
		for _, order := range []sim.Order{sim.Forward, sim.Random} {
			first := ""
			for workers := 1; workers <= 4; workers++ {
				found := fmt.Sprint(launchBug(t, bugsPTX, b, false, sim.Options{Checks: sim.AllChecks &^ sim.BlockRaces, Order: order, Seed: 5, Quantum: 1, Workers: workers}))
				if first == "" {
					first = found
				}
				assert.Equal(t, first, found, "%d workers", workers)
			}
		}
	}
}

// docs/simulator.md lists the planted bugs: this table.
func TestPlantedBugsAreDocumented(t *testing.T) {
	const page, head = "../../docs/simulator.md", "| kernel | finding |\n| --- | --- |\n"
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	before, _, found := strings.Cut(string(text), head)
	require.True(t, found)
	want := before + head
	for _, b := range bugs {
		want += fmt.Sprintf("| `%s` | %s |\n", b.kernel, b.kind)
	}
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, string(text), "go test ./device/sim -run TestPlantedBugsAreDocumented -update")
}

// Without machine code the number of registers is an estimate, so it refuses no launch: 200 values that live at once would need more than a chip has for
// 1024 threads, but the compiler to machine code may spill them.
func TestEstimatedRegistersRefuseNothing(t *testing.T) {
	var body strings.Builder
	body.WriteString("\t.reg .b32 %x<200>;\n")
	for i := range 200 {
		fmt.Fprintf(&body, "\tld.global.u32 %%x%d, [%%d0+%d];\n", i, 4*i)
	}
	for i := range 199 {
		fmt.Fprintf(&body, "\tadd.s32 %%x0, %%x0, %%x%d;\n", 199-i)
	}
	d := checked(t)
	k := kernelOf(t, d, snippet("", body.String()), "snippet")
	c, err := d.Launch(k, linear(1), linear(1024), 0, pack(upload(t, d, make([]float32, 256)), alloc(t, d, 4)))
	require.NoError(t, err)
	assert.Greater(t, c.Registers*1024, d.Chip().RegistersPerSM, "it would have been refused")
	assert.Equal(t, 1, c.Occupancy.BlocksPerSM)
	assert.Contains(t, c.String(), fmt.Sprintf(" about %d registers", c.Registers))
}
