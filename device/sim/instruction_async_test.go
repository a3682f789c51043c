package sim_test

// asyncCells: %r20 and %d22 are the addresses of the thread's 16 bytes of the shared array "tile", %r21 of those of the thread of the
// other end, %d3 of the thread's input in global memory.
const asyncCells = `
	.shared .align 128 .b8 tile[512];
	.shared .align 8 .b64 barrier;
	mov.u32 %r20, tile;
	mad.lo.u32 %r21, %r2, -16, %r20;
	add.u32 %r21, %r21, 496;
	mad.lo.u32 %r20, %r2, 16, %r20;
	mov.u32 %r22, barrier;
`

// initBarrier makes an mbarrier for that many arrivals and waits until every thread may use it.
func initBarrier(count string) string {
	return asyncCells + `
	setp.ne.u32 %p9, %r2, 0;
	@!%p9 mbarrier.init.shared.b64 [%r22], ` + count + `;
	bar.sync 0;
`
}

const waitBarrier = `
$wait:
	mbarrier.try_wait.parity.shared.b64 %p8, [%r22], 0;
	@!%p8 bra $wait;
`

var asyncRows = []row{
	{name: "cp.async.cg", body: asyncCells + `
	cp.async.cg.shared.global [%r20], [%d3], 16;
	cp.async.commit_group;
	cp.async.wait_group 0;
	bar.sync 0;
	ld.shared.v2.u32 {%r30, %r31}, [%r21+8];`,
		want: func(i int, in []words) (uint32, uint32) { return in[31-i][2], in[31-i][3] }},
	{name: "cp.async.ca with zeros behind the source", body: asyncCells + `
	cp.async.ca.shared.global [%r20], [%d3], 8, 4;
	cp.async.ca.shared.global.L2::128B [%r20+8], [%d3+4], 4;
	cp.async.wait_all;
	bar.sync 0;
	ld.shared.v2.u32 {%r14, %r15}, [%r21];
	ld.shared.u32 %r31, [%r21+8];
	sub.u32 %r30, %r14, %r15;`,
		want: func(i int, in []words) (uint32, uint32) { return in[31-i][0], in[31-i][1] }},
	{name: "cp.async groups", body: asyncCells + `
	cp.async.ca.shared.global [%r20], [%d3], 4;
	cp.async.commit_group;
	cp.async.ca.shared.global [%r20+4], [%d3+4], 4;
	cp.async.commit_group;
	cp.async.wait_group 1;
	ld.shared.u32 %r30, [%r20];
	cp.async.wait_group 0;
	ld.shared.u32 %r31, [%r20+4];`,
		want: func(i int, in []words) (uint32, uint32) { return in[i][0], in[i][1] }},
	{name: "mbarrier of 32 threads", body: initBarrier("32") + `
	st.shared.u32 [%r20], %r10;
	mbarrier.arrive.shared.b64 %d23, [%r22];
$again:
	mbarrier.test_wait.shared.b64 %p8, [%r22], %d23;
	@!%p8 bra $again;
	ld.shared.u32 %r30, [%r21];
	mbarrier.pending_count.b64 %r31, %d23;
	bar.sync 0;
	@!%p9 mbarrier.inval.shared.b64 [%r22];
	sub.u32 %r31, %r31, %r31;`,
		want: func(i int, in []words) (uint32, uint32) { return in[31-i][0], 0 }},
	{name: "mbarrier of two warps", threads: 64, body: initBarrier("32") + `
	and.b32 %r14, %r2, 31;
	mov.u32 %r15, tile;
	mad.lo.u32 %r15, %r14, 16, %r15;
	setp.lt.u32 %p1, %r2, 32;
	@!%p1 bra $consumer;
	st.shared.u32 [%r15], %r10;
	mbarrier.arrive.release.cta.shared::cta.b64 _, [%r22];
	bra $join;
$consumer:` + waitBarrier + `
	ld.shared.u32 %r30, [%r15];
$join:`,
		want: func(i int, in []words) (uint32, uint32) {
			if i < 32 {
				return 0, 0
			}
			return in[i-32][0], 0
		}},
	{name: "mbarrier over phases", body: initBarrier("1") + `
	@!%p9 mbarrier.arrive.shared.b64 %d23, [%r22];
$first:
	mbarrier.try_wait.parity.shared::cta.b64 %p8, [%r22], 0;
	@!%p8 bra $first;
	bar.sync 0;
	@!%p9 mbarrier.arrive.shared.b64 %d23, [%r22], 1;
$second:
	mbarrier.try_wait.parity.shared::cta.b64 %p8, [%r22], 1;
	@!%p8 bra $second;
	mbarrier.test_wait.parity.shared::cta.b64 %p7, [%r22], 0;
	selp.u32 %r30, 1, 2, %p8;
	selp.u32 %r31, 1, 2, %p7;`,
		want: func(int, []words) (uint32, uint32) { return 1, 2 }},
	{name: "cp.async that arrives at an mbarrier", body: initBarrier("32") + `
	cp.async.cg.shared.global [%r20], [%d3], 16;
	cp.async.mbarrier.arrive.noinc.shared.b64 [%r22];` + waitBarrier + `
	ld.shared.v2.u32 {%r30, %r31}, [%r21];`,
		want: func(i int, in []words) (uint32, uint32) { return in[31-i][0], in[31-i][1] }},
	{name: "cp.async.bulk to shared memory", body: initBarrier("1") + `
	@%p9 bra $loaded;
	mbarrier.arrive.expect_tx.shared.b64 _, [%r22], 512;
	cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r20], [%d0], 256, [%r22];
	cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r20+256], [%d0+256], 256, [%r22];
$loaded:` + waitBarrier + `
	ld.shared.v2.u32 {%r30, %r31}, [%r21];`,
		want: func(i int, in []words) (uint32, uint32) { return in[31-i][0], in[31-i][1] }},
	{name: "cp.async.bulk with its bytes announced before", body: initBarrier("1") + `
	@%p9 bra $loaded;
	mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r22], 512;
	cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes [%r20], [%d0], 512, [%r22];
	mbarrier.arrive.shared.b64 _, [%r22];
$loaded:` + waitBarrier + `
	ld.shared.u32 %r30, [%r21];`,
		want: func(i int, in []words) (uint32, uint32) { return in[31-i][0], 0 }},
	{name: "cp.async.bulk whose source was read", declarations: ".global .align 16 .b8 target[512];", body: asyncCells + `
	st.shared.v4.u32 [%r20], {%r10, %r11, %r12, %r13};
	fence.proxy.async.shared::cta;
	bar.sync 0;
	mov.u64 %d23, target;
	setp.ne.u32 %p1, %r2, 0;
	@%p1 bra $stored;
	cp.async.bulk.global.shared::cta.bulk_group [%d23], [%r20], 512;
	cp.async.bulk.commit_group;
	cp.async.bulk.wait_group.read 0;
	st.shared.u32 [%r20], 7;
	ld.global.u32 %r30, [%d23];
	cp.async.bulk.wait_group 0;
	ld.global.u32 %r31, [%d23];
$stored:`,
		want: func(i int, in []words) (uint32, uint32) { return 0, choose(i == 0, in[0][0], 0) }},
	{name: "cp.async.bulk to global memory", declarations: ".global .align 16 .b8 target[512];", body: asyncCells + `
	st.shared.v4.u32 [%r20], {%r10, %r11, %r12, %r13};
	fence.proxy.async.shared::cta;
	bar.sync 0;
	mov.u64 %d23, target;
	setp.ne.u32 %p1, %r2, 0;
	@%p1 bra $stored;
	cp.async.bulk.global.shared::cta.bulk_group [%d23], [%r20], 512;
	cp.async.bulk.commit_group;
	cp.async.bulk.wait_group 0;
$stored:
	bar.sync 0;
	mad.lo.s64 %d24, %d2, -16, %d23;
	ld.global.v2.u32 {%r30, %r31}, [%d24+496];`,
		want: func(i int, in []words) (uint32, uint32) { return in[31-i][0], in[31-i][1] }},
}
