package sim_test

import (
	"math/big"
	"math/bits"
)

var moveRows = []row{
	{name: "mov splits and joins", body: "mov.b32 {%h1, %h2}, %r10; mov.b32 %r30, {%h2, %h1}; mov.b64 %d10, {%r10, %r11}; mov.b64 {_, %r31}, %d10;",
		want: func(i int, in []words) (uint32, uint32) { return bits.RotateLeft32(in[i][0], 16), in[i][1] }},
	{name: "mov of 8 bytes to 4 halves", body: "mov.b64 %d10, {%r10, %r11}; mov.b64 {%h1, %h2, %h3, %h4}, %d10; mov.b64 %d11, {%h4, %h3, %h2, %h1}; mov.b64 {%r30, %r31}, %d11;",
		want: func(i int, in []words) (uint32, uint32) {
			return bits.RotateLeft32(in[i][1], 16), bits.RotateLeft32(in[i][0], 16)
		}},
	{name: "special registers", threads: 64, body: "mov.u32 %r14, %laneid; mov.u32 %r15, %lanemask_lt; mov.u32 %r16, %lanemask_ge; xor.b32 %r30, %r15, %r16; shl.b32 %r30, %r30, 0; add.u32 %r30, %r30, %r14; mov.u32 %r31, %lanemask_eq;",
		want: func(i int, in []words) (uint32, uint32) { return uint32(0xffffffff) + uint32(i%32), 1 << (i % 32) }},
	{name: "lane masks", body: "mov.u32 %r30, %lanemask_le; mov.u32 %r31, %lanemask_gt;",
		want: func(i int, in []words) (uint32, uint32) { return uint32(uint64(2)<<i - 1), ^uint32(uint64(2)<<i - 1) }},
	{name: "grid and block", threads: 96, body: "mov.u32 %r30, %ntid.x; mov.u32 %r14, %nctaid.x; mad.lo.u32 %r30, %r14, 1000, %r30; mov.u32 %r31, %tid.x; mov.u32 %r14, %tid.y; add.u32 %r31, %r31, %r14; mov.u32 %r14, %ctaid.z; add.u32 %r31, %r31, %r14;",
		want: func(i int, in []words) (uint32, uint32) { return 1096, uint32(i) }},
	{name: "registers that nobody sets", body: `
	mov.u32 %r14, %envreg0;
	mov.u32 %r15, %envreg31;
	or.b32 %r14, %r14, %r15;
	mov.u32 %r15, %pm3;
	or.b32 %r14, %r14, %r15;
	mov.u64 %d10, %pm0_64;
	mov.u64 %d11, %current_graph_exec;
	or.b64 %d10, %d10, %d11;
	cvt.u32.u64 %r15, %d10;
	or.b32 %r14, %r14, %r15;
	mov.u32 %r15, %ctaid.w;
	or.b32 %r30, %r14, %r15;
	mov.pred %p1, %is_explicit_cluster;
	@%p1 or.b32 %r30, %r30, 1;
	.reg .v4 .u32 v;
	mov.v4.u32 v, %ntid;
	mad.lo.u32 %r31, v.x, 100, v.y;
	mad.lo.u32 %r31, %r31, 100, v.a;`,
		want: func(int, []words) (uint32, uint32) { return 0, 320100 }},
	{name: "reserved shared memory", body: `
	.shared .b32 own[32];
	mov.u32 %r14, %reserved_smem_offset_begin;
	mov.u32 %r15, %reserved_smem_offset_1;
	mov.u32 %r16, %reserved_smem_offset_end;
	mov.u32 %r17, %reserved_smem_offset_cap;
	mov.u32 %r18, %reserved_smem_offset_0;
	sub.u32 %r19, %r16, %r14;
	setp.eq.u32 %p1, %r19, %r17;
	setp.le.and.u32 %p1, %r14, %r18, %p1;
	sub.u32 %r20, %r16, %r15;
	setp.ge.and.u32 %p1, %r20, 288, %p1;
	selp.u32 %r30, 1, 0, %p1;
	mad.lo.u32 %r21, %r2, 4, %r15;
	st.shared.u32 [%r21], %r10;
	mov.u32 %r22, own;
	mad.lo.u32 %r22, %r2, 4, %r22;
	st.shared.u32 [%r22], %r11;
	ld.shared.u32 %r31, [%r21];
	red.shared.and.b32 [%r15+256], 0; // nobody has written there, and no barrier follows
	ld.volatile.shared.u32 %r23, [%r15+256];
	add.u32 %r31, %r31, %r23;`,
		want: func(i int, in []words) (uint32, uint32) { return 1, in[i][0] }},
	{name: "clocks go on", body: "mov.u64 %d10, %clock64; mov.u32 %r14, %clock; nanosleep.u32 100; mov.u64 %d11, %clock64; setp.gt.u64 %p1, %d11, %d10; selp.u32 %r30, 1, 0, %p1; mov.u64 %d10, %globaltimer;",
		want: func(int, []words) (uint32, uint32) { return 1, 0 }},
	{name: "the upper half of a clock", body: "mov.u32 %r30, %clock_hi; mov.u32 %r14, %clock; setp.ne.u32 %p1, %r14, 0; selp.u32 %r31, 1, 0, %p1;",
		want: func(int, []words) (uint32, uint32) { return 0, 1 }},
	{name: "cvt", body: "cvt.s64.s32 %d10, %r10; mov.b64 {%r30, %r31}, %d10;",
		want: wide(func(x words) uint64 { return uint64(int64(int32(x[0]))) })},
	{name: "cvt of a wider register", body: "mov.b64 %d10, {%r10, %r11}; cvt.s64.s32 %d11, %d10; mov.b64 {%r30, %r31}, %d11; cvt.u32.u8 %r14, %r12; cvt.s32.s16 %r15, %r13; add.u32 %r31, %r31, %r14; xor.b32 %r31, %r31, %r15;",
		want: func(i int, in []words) (uint32, uint32) {
			x := in[i]
			return x[0], (uint32(int32(x[0])>>31) + x[2]&0xff) ^ uint32(int32(int16(x[3])))
		}},
	{name: "cvt.pack", body: "cvt.pack.sat.s16.s32 %r30, %r10, %r11; cvt.pack.sat.u8.s32.b32 %r31, %r10, %r11, %r12;",
		input: func(i int) words { return words{uint32(i*5000 - 70000), uint32(i*20 - 100), 0x11223344} },
		want: func(i int, in []words) (uint32, uint32) {
			clampTo := func(v uint32, least, greatest int32) uint32 { return uint32(min(max(int32(v), least), greatest)) }
			x := in[i]
			return clampTo(x[0], -32768, 32767)<<16 | clampTo(x[1], -32768, 32767)&0xffff,
				x[2]<<16 | clampTo(x[0], 0, 255)<<8 | clampTo(x[1], 0, 255)
		}},
	{name: "cvta and isspacep", declarations: ".const .u32 constant = 7;", body: `
	.shared .u32 cell;
	.local .u32 own;
	cvta.to.global.u64 %d10, %d0;
	isspacep.global %p1, %d10;
	@%p1 or.b32 %r30, %r30, 1;
	mov.u64 %d11, cell;
	cvta.shared.u64 %d12, %d11;
	isspacep.shared %p1, %d12;
	@%p1 or.b32 %r30, %r30, 2;
	isspacep.global %p1, %d12;
	@%p1 or.b32 %r30, %r30, 4;
	cvta.to.shared.u64 %d13, %d12;
	setp.eq.u64 %p1, %d13, %d11;
	@%p1 or.b32 %r30, %r30, 8;
	mov.u64 %d11, own;
	cvta.local.u64 %d12, %d11;
	isspacep.local %p1, %d12;
	@%p1 or.b32 %r30, %r30, 16;
	st.u32 [%d12], 99;
	ld.local.u32 %r31, [own];
	mov.u64 %d11, constant;
	cvta.const.u64 %d12, %d11;
	isspacep.shared %p1, %d12;
	@%p1 or.b32 %r30, %r30, 32;`,
		want: func(int, []words) (uint32, uint32) { return 1 | 2 | 8 | 16, 99 }},
	{name: "lop3", body: "lop3.b32 %r30, %r10, %r11, %r12, 0x96; lop3.b32 %r31, %r10, %r11, %r12, 0xca;",
		want: func(i int, in []words) (uint32, uint32) {
			x := in[i]
			return x[0] ^ x[1] ^ x[2], x[0]&x[1] | ^x[0]&x[2]
		}},
	{name: "lop3 of minterms", body: "lop3.b32 %r30, %r10, %r11, %r12, 0x02; lop3.b32 %r31, %r10, %r11, %r12, 0x10;",
		want: func(i int, in []words) (uint32, uint32) {
			x := in[i]
			return ^x[0] & ^x[1] & x[2], x[0] & ^x[1] & ^x[2]
		}},
	{name: "lop3 with a predicate", input: func(i int) words { return words{uint32(i & 3), uint32(i >> 2 & 3), uint32(i >> 4)} }, body: `
	setp.ne.u32 %p1, %r12, 0;
	lop3.or.b32 %r30|%p2, %r10, %r11, 0, 0xc0, %p1;
	selp.u32 %r31, 1, 0, %p2;
	lop3.and.b32 _|%p3, %r10, %r11, 0, 0x3c, !%p1;
	@%p3 or.b32 %r31, %r31, 2;`,
		want: func(i int, in []words) (uint32, uint32) {
			x := in[i]
			return x[0] & x[1], choose[uint32](x[0]&x[1] != 0 || x[2] != 0, 1, 0) | choose[uint32](x[0] != x[1] && x[2] == 0, 2, 0)
		}},
	{name: "sums of 64 bits by carries", body: "add.cc.u32 %r30, %r10, %r12; addc.u32 %r31, %r11, %r13;",
		want: wide(func(x words) uint64 { return (uint64(x[1])<<32 | uint64(x[0])) + (uint64(x[3])<<32 | uint64(x[2])) })},
	{name: "differences of 64 bits by borrows", body: "sub.cc.u32 %r30, %r10, %r12; subc.u32 %r31, %r11, %r13;",
		want: wide(func(x words) uint64 { return (uint64(x[1])<<32 | uint64(x[0])) - (uint64(x[3])<<32 | uint64(x[2])) })},
	{name: "carries over three words", body: "add.cc.u32 %r14, %r10, %r11; addc.cc.u32 %r15, %r12, %r13; addc.u32 %r30, %r10, %r12; sub.cc.u32 %r14, %r10, %r11; subc.cc.u32 %r15, %r12, %r13; subc.u32 %r31, %r10, %r12;",
		want: func(i int, in []words) (uint32, uint32) {
			x := in[i]
			_, c := bits.Add32(x[0], x[1], 0)
			_, c = bits.Add32(x[2], x[3], c)
			_, b := bits.Sub32(x[0], x[1], 0)
			_, b = bits.Sub32(x[2], x[3], b)
			return x[0] + x[2] + c, x[0] - x[2] - b
		}},
	{name: "the flag is the inverse of the borrow", body: "sub.cc.u32 %r14, %r10, %r11; addc.u32 %r30, %r12, %r13; add.cc.u32 %r14, %r10, %r11; subc.u32 %r31, %r12, %r13;",
		want: func(i int, in []words) (uint32, uint32) { // a - b is a + ~b + 1, and the flag is bit 32 of the sum
			word := integer{32, false}
			x, complement := make([]*big.Int, 4), make([]*big.Int, 4)
			for j := range x {
				x[j], complement[j] = word.value(uint64(in[i][j])), word.value(uint64(^in[i][j]))
			}
			sum := func(terms ...*big.Int) *big.Int {
				z := new(big.Int)
				for _, t := range terms {
					z.Add(z, t)
				}
				return z
			}
			flag := func(z *big.Int) *big.Int { return z.Rsh(z, 32) }
			return uint32(word.wrap(sum(x[2], x[3], flag(sum(x[0], complement[1], big.NewInt(1)))))),
				uint32(word.wrap(sum(x[2], complement[3], flag(sum(x[0], x[1])))))
		}},
	{name: "products by carries", body: "mad.lo.cc.u32 %r30, %r10, %r11, %r12; madc.hi.u32 %r31, %r10, %r11, %r13;",
		want: wide(func(x words) uint64 { return uint64(x[0])*uint64(x[1]) + (uint64(x[3])<<32 | uint64(x[2])) })},
	{name: "64-bit carries", body: "mov.b64 %d10, {%r10, %r11}; mov.b64 %d11, {%r12, %r13}; add.cc.u64 %d12, %d10, %d11; addc.u64 %d13, %d10, 0; mov.b64 {%r30, %r31}, %d13;",
		want: wide(func(x words) uint64 {
			a, b := uint64(x[1])<<32|uint64(x[0]), uint64(x[3])<<32|uint64(x[2])
			_, c := bits.Add64(a, b, 0)
			return a + c
		})},
}

var controlRows = []row{
	{name: "bra", body: `
	setp.lt.s32 %p1, %r10, 0;
	@%p1 bra $negative;
	mov.u32 %r30, 1;
	bra.uni $join;
$negative:
	mov.u32 %r30, 2;
$join:
	activemask.b32 %r31;`,
		want: func(i int, in []words) (uint32, uint32) { return choose[uint32](int32(in[i][0]) < 0, 2, 1), 0xffffffff }},
	{name: "loop of as many turns as the lane's index", body: `
	mov.u32 %r14, %laneid;
$again:
	setp.eq.u32 %p1, %r14, 0;
	@%p1 bra $out;
	add.u32 %r30, %r30, %r14;
	add.u32 %r14, %r14, -1;
	bra $again;
$out:`,
		want: func(i int, in []words) (uint32, uint32) { return uint32(i * (i + 1) / 2), 0 }},
	{name: "brx", body: `
	and.b32 %r14, %r10, 3;
ways: .branchtargets $zero, $one, $two, $one;
	brx.idx %r14, ways;
$zero:
	mov.u32 %r30, 100;
	bra $join;
$one:
	mov.u32 %r30, 101;
	bra $join;
$two:
	mov.u32 %r30, 102;
$join:`,
		want: one(func(x words) uint32 { return []uint32{100, 101, 102, 101}[x[0]&3] })},
	{name: "call and ret", declarations: `
.func (.param .b32 result) twice(.param .b32 a, .param .align 8 .b8 pair[8])
{
	.reg .b32 %r<5>;
	.reg .pred %p<2>;
	ld.param.b32 %r1, [a];
	ld.param.b32 %r2, [pair+4];
	setp.lt.s32 %p1, %r1, 0;
	st.param.b32 [result], %r2;
	@%p1 ret;
	add.s32 %r3, %r1, %r1;
	st.param.b32 [result], %r3;
	ret;
}`, body: `
	{
	.param .b32 param0;
	.param .align 8 .b8 param1[8];
	.param .b32 retval0;
	st.param.b32 [param0], %r10;
	st.param.v2.b32 [param1], {%r11, %r12};
	call.uni (retval0), twice, (param0, param1);
	ld.param.b32 %r30, [retval0];
	}`,
		want: one(func(x words) uint32 { return choose(int32(x[0]) < 0, x[2], x[0]+x[0]) })},
	{name: "a call with a guard, parameters in registers", declarations: `
.func (.reg .b32 r, .reg .b64 w) sum(.reg .b32 a, .reg .b32 b)
{
	.reg .pred p;
	add.u32 r, a, b;
	setp.eq.u32 p, r, 0;
	@p ret;
	mul.wide.u32 w, r, r;
}`, body: `
	mov.b64 %d10, 0;
	setp.gt.u32 %p1, %r10, %r11;
	@%p1 call (%r30, %d10), sum, (%r12, 5);
	cvt.u32.u64 %r31, %d10;`,
		want: func(i int, in []words) (uint32, uint32) {
			x := in[i]
			return choose(x[0] > x[1], x[2]+5, 0), choose(x[0] > x[1], (x[2]+5)*(x[2]+5), 0)
		}},
	{name: "a call by an alias, an element of an array", declarations: `
.shared .u32 cells[2][4];
.visible .func one();
.visible .func two()
{
	st.shared.u32 [cells+16], 77;
}
.alias one, two;`, body: `
	setp.eq.u32 %p1, %r2, 0;
	@%p1 call one;
	bar.sync 0;
	ld.shared.u32 %r30, cells[1];`,
		want: func(int, []words) (uint32, uint32) { return 77, 0 }},
	{name: "a call by address, recursion", declarations: `
.func (.param .b32 result) twice(.param .b32 a) { .reg .b32 r; ld.param.b32 r, [a]; shl.b32 r, r, 1; st.param.b32 [result], r; ret; }
.func (.param .b32 result) sum(.param .b32 a)
{
	.reg .b32 r, s;
	.reg .pred p;
	.param .b32 less;
	.param .b32 rest;
	ld.param.b32 r, [a];
	st.param.b32 [result], 0;
	setp.eq.u32 p, r, 0;
	@p ret;
	sub.u32 s, r, 1;
	st.param.b32 [less], s;
	call (rest), sum, (less);
	ld.param.b32 s, [rest];
	add.u32 r, r, s;
	st.param.b32 [result], r;
}
.global .u64 functions[2] = {twice, sum};`, input: func(i int) words { return words{uint32(i), uint32(i % 2)} }, body: `
	.param .b32 argument;
	.param .b32 answer;
	prototype: .callprototype (.param .b32 _) _ (.param .b32 _);
	st.param.b32 [argument], %r10;
	call (answer), sum, (argument);
	ld.param.b32 %r30, [answer];
	mov.u64 %d10, functions;
	mad.wide.u32 %d10, %r11, 8, %d10;
	ld.global.u64 %d11, [%d10];
	setp.ne.u32 %p1, %r2, 5;
	st.param.b32 [answer], 1000;
	@%p1 call (answer), %d11, (argument), prototype;
	ld.param.b32 %r31, [answer];`,
		want: func(i int, in []words) (uint32, uint32) {
			n := uint32(i)
			return n * (n + 1) / 2, choose(i == 5, 1000, choose(i%2 == 0, 2*n, n*(n+1)/2))
		}},
	{name: "malloc and free", declarations: `
.extern .func (.param .b64 result) malloc(.param .b64 bytes);
.extern .func free(.param .b64 pointer);`, body: `
	.param .b64 bytes;
	.param .b64 pointer;
	st.param.b64 [bytes], 8;
	call.uni (pointer), malloc, (bytes);
	ld.param.b64 %d10, [pointer];
	st.v2.u32 [%d10], {%r10, %r11};
	ld.v2.u32 {%r31, %r30}, [%d10];
	call.uni free, (pointer);
	st.param.b64 [bytes], 0x100000000000;
	call.uni (pointer), malloc, (bytes);
	ld.param.b64 %d10, [pointer];
	setp.ne.u64 %p1, %d10, 0;
	@%p1 mov.u32 %r30, 0;`,
		want: func(i int, in []words) (uint32, uint32) { return in[i][1], in[i][0] }},
	{name: "vprintf", declarations: ".extern .func (.param .b32 result) vprintf (.param .b64 format, .param .b64 values);\n.global .align 1 .b8 text[4] = {104, 105, 10, 0};", body: `
	{
	.param .b64 param0;
	.param .b64 param1;
	.param .b32 retval0;
	mov.u64 %d10, text;
	cvta.global.u64 %d10, %d10;
	st.param.b64 [param0], %d10;
	st.param.b64 [param1], 0;
	call.uni (retval0), vprintf, (param0, param1);
	ld.param.b32 %r30, [retval0];
	}
	mov.u32 %r30, 3;`,
		want: func(int, []words) (uint32, uint32) { return 3, 0 }},
	{name: "exit", body: `
	mad.lo.s64 %d4, %d2, 8, %d1;
	st.global.v2.u32 [%d4], {5, 6};
	setp.ne.u32 %p1, %r2, 3;
	@%p1 exit;
	mov.u32 %r30, 7;`,
		want: func(i int, in []words) (uint32, uint32) {
			return choose[uint32](i == 3, 7, 5), choose[uint32](i == 3, 0, 6)
		}},
	{name: "ret of some", body: `
	mad.lo.s64 %d4, %d2, 8, %d1;
	st.global.v2.u32 [%d4], {5, 6};
	setp.ne.u32 %p1, %r2, 3;
	@%p1 ret;
	mov.u32 %r30, 7;`,
		want: func(i int, in []words) (uint32, uint32) {
			return choose[uint32](i == 3, 7, 5), choose[uint32](i == 3, 0, 6)
		}},
	{name: "what does nothing", body: `
	pmevent 1;
	setp.eq.u32 %p1, %r2, 1000;
	@%p1 brkpt;
	nanosleep.u32 20;
	prefetch.global.L2 [%d0];
	prefetchu.L1 [%d0];
	discard.global.L2 [%d1], 128;
	applypriority.global.L2::evict_normal [%d0], 128;
	griddepcontrol.wait;
	griddepcontrol.launch_dependents;
	setmaxnreg.inc.sync.aligned.u32 64;
	mov.u32 %r30, 9;`,
		want: func(int, []words) (uint32, uint32) { return 9, 0 }},
}
