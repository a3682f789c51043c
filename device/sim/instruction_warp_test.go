package sim_test

import (
	"math/bits"
	"strconv"
)

// ballot returns the lanes of the thread's warp whose input holds.
func ballot(thread int, in []words, holds func(x words) bool) (mask uint32) {
	for lane := range 32 {
		if holds(in[thread&^31+lane]) {
			mask |= 1 << lane
		}
	}
	return mask
}

// fold combines a word of all threads of a warp.
func fold(thread int, in []words, f func(a, b uint32) uint32) uint32 {
	r := in[thread&^31][0]
	for lane := 1; lane < 32; lane++ {
		r = f(r, in[thread&^31+lane][0])
	}
	return r
}

func negative(x words) bool { return int32(x[0]) < 0 }

// small gives the lanes few different values.
func small(thread int) words {
	return words{uint32(thread * 7 % 5), uint32(thread % 3), uint32(thread), 1}
}

// shuffle is the definition of shfl: the source lane and whether it lies within the segment that c sets.
func shuffle(mode string, lane int, b, c uint32) (source int, inside bool) {
	segment, limit := int(c>>8&31), int(c&31)
	least := lane & segment
	greatest := least | limit&^segment
	at := int(b & 31)
	switch mode {
	case "up":
		source = lane - at
		inside = source >= greatest
	case "down":
		source = lane + at
		inside = source <= greatest
	case "bfly":
		source = lane ^ at
		inside = source <= greatest
	case "idx":
		source = least | at&^segment
		inside = source <= greatest
	}
	if !inside {
		source = lane
	}
	return source, inside
}

func shuffleRow(mode string, b, c uint32) row {
	text := map[string]string{"b": strconv.Itoa(int(b)), "c": strconv.Itoa(int(c))}
	return row{name: "shfl." + mode + " " + text["b"] + " " + text["c"],
		body: "shfl.sync." + mode + ".b32 %r30|%p1, %r10, " + text["b"] + ", " + text["c"] + ", -1; selp.u32 %r31, 1, 0, %p1;",
		want: func(i int, in []words) (uint32, uint32) {
			source, inside := shuffle(mode, i, b, c)
			return in[source][0], choose[uint32](inside, 1, 0)
		}}
}

var warpRows = []row{
	shuffleRow("up", 1, 0), shuffleRow("up", 3, 0x1800), shuffleRow("down", 1, 31), shuffleRow("down", 5, 0x1800|31), shuffleRow("bfly", 16, 31),
	shuffleRow("bfly", 9, 0x1000|31), shuffleRow("idx", 7, 31), shuffleRow("idx", 2, 0x1c00|31), shuffleRow("bfly", 4, 15),
	{name: "shfl by registers", body: "and.b32 %r14, %r11, 31; shfl.sync.idx.b32 %r30, %r10, %r14, 31, 0xffffffff;",
		want: func(i int, in []words) (uint32, uint32) { return in[in[i][1]&31][0], 0 }},
	{name: "vote", input: func(i int) words { return words{uint32(i*i*0x9e3779b1) | uint32(i)} }, body: `
	setp.lt.s32 %p1, %r10, 0;
	vote.sync.ballot.b32 %r30, %p1, -1;
	vote.sync.any.pred %p2, %p1, -1;
	@%p2 or.b32 %r31, %r31, 1;
	vote.sync.all.pred %p2, %p1, -1;
	@%p2 or.b32 %r31, %r31, 2;
	vote.sync.uni.pred %p2, %p1, -1;
	@%p2 or.b32 %r31, %r31, 4;
	vote.sync.all.pred %p2, !%p1, -1;
	@!%p2 or.b32 %r31, %r31, 8;`,
		want: func(i int, in []words) (uint32, uint32) { return ballot(i, in, negative), 1 | 8 }},
	{name: "vote where all agree", body: `
	setp.lt.u32 %p1, %r2, 32;
	vote.sync.uni.pred %p2, %p1, -1;
	@%p2 or.b32 %r30, %r30, 1;
	vote.sync.uni.pred %p2, !%p1, -1;
	@%p2 or.b32 %r30, %r30, 2;
	vote.sync.any.pred %p2, !%p1, -1;
	@%p2 or.b32 %r30, %r30, 4;
	vote.sync.all.pred %p2, !%p1, -1;
	@%p2 or.b32 %r30, %r30, 8;
	setp.lt.s32 %p1, %r10, 0;
	vote.sync.ballot.b32 %r31, !%p1, -1;`,
		want: func(i int, in []words) (uint32, uint32) { return 1 | 2, ^ballot(i, in, negative) }},
	{name: "vote of half a warp", body: `
	setp.lt.u32 %p1, %r2, 16;
	setp.lt.s32 %p2, %r10, 0;
	@%p1 vote.sync.ballot.b32 %r30, %p2, 0xffff;
	@!%p1 vote.sync.ballot.b32 %r30, %p2, 0xffff0000;`,
		want: func(i int, in []words) (uint32, uint32) {
			return ballot(i, in, negative) & choose[uint32](i < 16, 0xffff, 0xffff0000), 0
		}},
	{name: "match.any", input: small, body: "match.any.sync.b32 %r30, %r10, -1; mov.b64 %d10, {%r11, %r10}; match.any.sync.b64 %r31, %d10, -1;",
		want: func(i int, in []words) (uint32, uint32) {
			return ballot(i, in, func(x words) bool { return x[0] == in[i][0] }), ballot(i, in, func(x words) bool { return x[0] == in[i][0] && x[1] == in[i][1] })
		}},
	{name: "match.all", input: small, body: "match.all.sync.b32 %r30|%p1, %r13, -1; @%p1 add.u32 %r31, %r31, 1; match.all.sync.b32 %r14|%p1, %r10, -1; @%p1 add.u32 %r31, %r31, 2; add.u32 %r30, %r30, %r14;",
		want: func(int, []words) (uint32, uint32) { return 0xffffffff, 1 }},
	{name: "redux of integers", body: `
	redux.sync.add.u32 %r30, %r10, -1;
	redux.sync.min.s32 %r14, %r10, -1;
	redux.sync.max.u32 %r15, %r10, -1;
	xor.b32 %r31, %r14, %r15;`,
		want: func(i int, in []words) (uint32, uint32) {
			sum := fold(i, in, func(a, b uint32) uint32 { return a + b })
			least := fold(i, in, func(a, b uint32) uint32 { return uint32(min(int32(a), int32(b))) })
			return sum, least ^ fold(i, in, func(a, b uint32) uint32 { return max(a, b) })
		}},
	{name: "redux of bits", body: `
	redux.sync.and.b32 %r30, %r10, -1;
	redux.sync.or.b32 %r14, %r10, -1;
	xor.b32 %r30, %r30, %r14;
	redux.sync.xor.b32 %r31, %r10, -1;`,
		input: func(i int) words { return words{uint32(i*i) | 0x100} },
		want: func(i int, in []words) (uint32, uint32) {
			and := fold(i, in, func(a, b uint32) uint32 { return a & b })
			or := fold(i, in, func(a, b uint32) uint32 { return a | b })
			return and ^ or, fold(i, in, func(a, b uint32) uint32 { return a ^ b })
		}},
	{name: "elect", body: "setp.gt.u32 %p3, %r2, 4; @!%p3 bra $join; elect.sync %r30|%p1, 0xffffffe0; @%p1 mov.u32 %r31, 1; $join:",
		want: func(i int, in []words) (uint32, uint32) {
			return choose[uint32](i > 4, 5, 0), choose[uint32](i == 5, 1, 0)
		}},
	{name: "activemask", body: "setp.lt.u32 %p1, %r2, 5; @%p1 bra $few; mov.u32 %r31, 1; bra $join; $few: activemask.b32 %r30; $join:",
		want: func(i int, in []words) (uint32, uint32) {
			return choose[uint32](i < 5, 31, 0), choose[uint32](i < 5, 0, 1)
		}},
	{name: "bar.warp", body: `
	.shared .u32 cells[32];
	mov.u32 %r14, cells;
	mad.lo.u32 %r15, %r2, 4, %r14;
	st.shared.u32 [%r15], %r10;
	bar.warp.sync -1;
	xor.b32 %r16, %r2, 31;
	mad.lo.u32 %r15, %r16, 4, %r14;
	ld.shared.u32 %r30, [%r15];`,
		want: func(i int, in []words) (uint32, uint32) { return in[i^31][0], 0 }},
	{name: "bar", threads: 96, body: `
	.shared .u32 cells[96];
	mov.u32 %r14, cells;
	mad.lo.u32 %r15, %r2, 4, %r14;
	st.shared.u32 [%r15], %r10;
	bar.sync 0;
	mad.lo.u32 %r16, %r2, -4, %r14;
	ld.shared.u32 %r30, [%r16+380];
	barrier.sync.aligned 1, 96;
	bar.cta.sync 2;
	barrier.cta.sync 3;`,
		want: func(i int, in []words) (uint32, uint32) { return in[95-i][0], 0 }},
	{name: "bar.red", threads: 64, body: `
	setp.lt.s32 %p1, %r10, 0;
	bar.red.popc.u32 %r30, 0, %p1;
	bar.red.and.pred %p2, 0, %p1;
	@%p2 or.b32 %r31, %r31, 1;
	bar.red.or.pred %p2, 1, %p1;
	@%p2 or.b32 %r31, %r31, 2;
	bar.red.or.pred %p2, 1, 64, !%p1;
	@%p2 or.b32 %r31, %r31, 4;`,
		want: func(i int, in []words) (uint32, uint32) {
			return uint32(bits.OnesCount32(ballot(0, in, negative)) + bits.OnesCount32(ballot(32, in, negative))), 2 | 4
		}},
	{name: "bar.red of a negation", threads: 64, body: `
	setp.lt.s32 %p1, %r10, 0;
	bar.red.popc.u32 %r30, 0, !%p1;
	setp.ge.u32 %p1, %r2, 64;
	bar.red.and.pred %p2, 0, !%p1;
	@%p2 or.b32 %r31, %r31, 1;`,
		want: func(i int, in []words) (uint32, uint32) {
			return uint32(64 - bits.OnesCount32(ballot(0, in, negative)) - bits.OnesCount32(ballot(32, in, negative))), 1
		}},
	{name: "barrier of half warps", threads: 64, body: `
	.shared .u32 cells[64];
	mov.u32 %r14, cells;
	and.b32 %r16, %r2, 16;
	setp.ne.u32 %p1, %r16, 0;
	@%p1 bra $join;
	mad.lo.u32 %r15, %r2, 4, %r14;
	st.shared.u32 [%r15], %r10;
	barrier.sync 1, 32;
	xor.b32 %r16, %r2, 32;
	mad.lo.u32 %r15, %r16, 4, %r14;
	ld.shared.u32 %r30, [%r15];
$join:`,
		want: func(i int, in []words) (uint32, uint32) { return choose(i&16 == 0, in[i^32][0], 0), 0 }},
	{name: "bar.arrive", threads: 64, body: `
	.shared .u32 cells[32];
	mov.u32 %r14, cells;
	and.b32 %r16, %r2, 31;
	mad.lo.u32 %r15, %r16, 4, %r14;
	setp.lt.u32 %p1, %r2, 32;
	@!%p1 bra $consumer;
	st.shared.u32 [%r15], %r10;
	bar.arrive 1, 64;
	bra $join;
$consumer:
	bar.sync 1, 64;
	ld.shared.u32 %r30, [%r15];
$join:`,
		want: func(i int, in []words) (uint32, uint32) {
			if i < 32 {
				return 0, 0
			}
			return in[i-32][0], 0
		}},
	{name: "fences", body: "membar.gl; membar.cta; fence.acq_rel.gpu; fence.sc.cta; fence.proxy.async; mov.u32 %r30, 1;",
		want: func(int, []words) (uint32, uint32) { return 1, 0 }},
}
