package sim_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// handBugs are mistakes that CUDA C++ makes only in inline assembly. marked is the text of the instruction that the report must name; the
// corrected twins of the copies are rows of asyncRows.
var handBugs = []struct {
	name, declarations, body string
	threads                  int
	kind                     sim.Kind
	marked                   string
}{
	{"bulk copy without its wait", "", initBarrier("1") + `
	@%p9 bra $loaded;
	mbarrier.arrive.expect_tx.shared.b64 _, [%r22], 512;
	cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r20], [%d0], 512, [%r22];
$loaded:
	ld.shared.u32 %r30, [%r21];`, 32, sim.AsyncRace, "ld.shared.u32 %r30, [%r21]"},
	{"bulk copy that promises too few bytes", "", initBarrier("1") + `
	@%p9 bra $loaded;
	mbarrier.arrive.expect_tx.shared.b64 _, [%r22], 1024;
	cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r20], [%d0], 512, [%r22];
$loaded:` + waitBarrier, 32, sim.Deadlock, ""},
	{"bulk copy of 8 bytes", "", initBarrier("1") + `
	@!%p9 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r20], [%d0], 8, [%r22];`, 32, sim.BadAsyncCopy, "cp.async.bulk"},
	{"bulk copy out of bounds", "", initBarrier("1") + `
	@!%p9 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r20], [%d0+512], 16, [%r22];`, 32, sim.OutOfBounds, "cp.async.bulk"},
	{"mbarrier that nobody made", "", asyncCells + `
	mbarrier.arrive.shared.b64 %d23, [%r22];`, 32, "", "mbarrier.arrive"},
	{"cp.async from more bytes than it copies", "", asyncCells + `
	cp.async.ca.shared.global [%r20], [%d3], 4, 8;
	cp.async.wait_all;`, 32, sim.BadAsyncCopy, "cp.async.ca"},
	{"cp.async to a misaligned place", "", asyncCells + `
	cp.async.cg.shared.global [%r20+8], [%d3], 16;
	cp.async.wait_all;`, 32, sim.Misaligned, "cp.async.cg"},
	{"write to the source of a bulk copy", ".global .align 16 .b8 target[512];", asyncCells + `
	st.shared.v4.u32 [%r20], {%r10, %r11, %r12, %r13};
	fence.proxy.async.shared::cta;
	bar.sync 0;
	mov.u64 %d23, target;
	setp.ne.u32 %p1, %r2, 0;
	@%p1 bra $stored;
	cp.async.bulk.global.shared::cta.bulk_group [%d23], [%r20], 512;
	cp.async.bulk.commit_group;
	st.shared.u32 [%r20], 7;
	cp.async.bulk.wait_group 0;
$stored:`, 32, sim.AsyncRace, "st.shared.u32 [%r20], 7"},
	{"write to constant memory", ".const .align 4 .u32 table[4] = {1, 2, 3, 4};", `
	mov.u64 %d10, table;
	cvta.const.u64 %d10, %d10;
	st.u32 [%d10], 1;`, 32, sim.BadAddress, "st.u32"},
	{"branch outside of its table", "", `
ways: .branchtargets $zero, $one;
	brx.idx %r2, ways;
$zero:
	mov.u32 %r30, 1;
$one:
	mov.u32 %r30, 2;`, 32, sim.BadBranch, "brx.idx"},
	{"assertion", ".extern .func __assertfail (.param .b64 m, .param .b64 f, .param .b32 l, .param .b64 n, .param .b64 s) .noreturn;\n.global .align 1 .b8 text[6] = {105, 32, 60, 32, 110, 0};", `
	setp.ne.u32 %p1, %r2, 5;
	@%p1 bra $fine;
	{
	.param .b64 param0;
	.param .b64 param1;
	.param .b32 param2;
	.param .b64 param3;
	.param .b64 param4;
	mov.u64 %d10, text;
	cvta.global.u64 %d10, %d10;
	st.param.b64 [param0], %d10;
	st.param.b64 [param1], %d10;
	st.param.b32 [param2], 12;
	st.param.b64 [param3], %d10;
	st.param.b64 [param4], 1;
	call.uni __assertfail, (param0, param1, param2, param3, param4);
	}
$fine:`, 32, sim.Assertion, "call.uni __assertfail"},
}

func TestPlantedBugsInAssembly(t *testing.T) {
	for _, b := range handBugs {
		t.Run(b.name, func(t *testing.T) {
			r := row{declarations: b.declarations, body: b.body, threads: b.threads}
			in := r.inputs()
			for _, opts := range orders() {
				opts.MaxSteps = 10_000
				d := sim.NewDevice(hopper(t), opts)
				out := alloc(t, d, uint64(8*len(in)))
				k := kernelOf(t, d, r.ptx(), "snippet")
				_, err := d.Launch(k, linear(1), linear(len(in)), 0, pack(upload(t, d, in), out))
				var findings *sim.Findings
				require.ErrorAs(t, err, &findings)
				require.True(t, b.kind == "" || findings.Has(b.kind), "%v", err)
				named := false
				for _, report := range findings.Reports {
					named = named || strings.Contains(report.Instruction, b.marked)
				}
				assert.True(t, named, "%v", err)
			}
		})
	}
}

func TestPrintf(t *testing.T) {
	var printed strings.Builder
	d := sim.NewDevice(hopper(t), sim.Options{Checks: sim.AllChecks, Workers: 1, Print: func(text string) { printed.WriteString(text) }})
	x := upload(t, d, []float32{1.5, -2})
	_, err := d.Launch(kernelOf(t, d, kernelsPTX, "print"), linear(1), linear(32), 0, pack(x, x))
	require.NoError(t, err)
	assert.Equal(t, "thread 0 of a block:  1.50, 1099511627776, q ff %\nthread 1 of a block: -2.00, 1099511627776, q ff %\n", printed.String())
}
