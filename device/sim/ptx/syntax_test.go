package ptx

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// statements are bodies that ptxas 12.9 assembles: tokens split at dots and signs, declarations anywhere, and nested scopes.
var statements = []string{
	`.reg.b32 x; mov.b32 x, 1;`,
	`.reg.v2.b32 x; mov.b32 x.x, 1;`,
	`.reg .v2 .b32 x; mov.b32 x.x, 1; mov.b32 %r1, x.x;`,
	`.reg .v2 .b32 x; mov.b32 x .x, 1;`,
	`mov .b32 %r1, 1;`,
	"add\n.s32 %r1, %r1, 1;",
	`mov.b32 %r1, %tid .x;`,
	`.reg.b32 q<4>; mov.b32 q0, 1;`,
	`.reg.b32 q < 4 >; mov.b32 q0, 1;`,
	`.reg.b32 a1,b1 , c1; mov.b32 a1, 1;`,
	`.reg.b32 a<2>, b<3>; mov.b32 b2, a1;`,
	`mov.b32 %r1, 1; .reg .b32 late; mov.b32 late, %r1;`,
	`.reg.b32 x; mov.b32 x,1; {.reg.b64 x; mov.b64 x, 2; {.reg.b16 x; mov.b16 x,3;} mov.b64 x,4;} mov.b32 x,5;`,
	`{.reg .b32 a; mov.b32 a, 1;}`,
	`{.reg .b64 %r<3>; mov.b64 %r1, 1;} mov.b32 %r1, 2;`,
	`{.reg .b32 %tid; mov.b32 %tid, 1;}`,
	`{L: bra L;} {L: bra L;}`,
	`L:bra L;`,
	`L : bra L;`,
	`L: M: bra L;`,
	`@%p1 bra L; mov.b32 %r1, 1; L:`,
	`{ bra L; } L: `,
	`mov.b32 %r1,1;mov.b32 %r2,2;add.s32 %r3,%r1,%r2;`,
	"mov/*c*/.b32 %r1,/*\n\n*/1;// x",
	`mov.b32/*c*/%r1,1;`,
	`@ %p1 mov.b32 %r1,1; @ ! %p1 mov.b32 %r1,2; @!%p1 mov.b32 %r1,2;`,
	`.reg.pred p; @p mov.b32 %r1,1; @p ret;`,
	`.pragma "nounroll"; mov.b32 %r1,1;`,
	`.pragma "nounroll", "x"; `,
	`T: .branchtargets A, B; brx.idx %r1, T; A: ret; B: `,
	`mov.b32 %r1, 017; mov.b32 %r2, 0b101; mov.b32 %r3, 0xffU; mov.b32 %r4, 5U; mov.b64 %d1, 0xffffffffffffffffU;`,
	`add.s32 %r1, %r1, 3*4+1; mov.b32 %r2, (5-2); mov.b32 %r3, -(4); mov.b32 %r4, ~0; mov.b32 %r5, !1;`,
	`mov.f32 %f1, 1.0; mov.f32 %f2, 1e3; mov.f32 %f3, -2.5E-3; mov.f32 %f4, 0F3f800000; mov.f32 %f5, .5; mov.f32 %f6, 1.;`,
	`mov.f32 %f1, +1.0; mov.b32 %r1, +4;`,
	`.shared .b32 s[8]; ld.shared.u32 %r1,[s+8]; ld.shared.u32 %r1,[s]; ld.shared.u32 %r1, s[3]; mov.b32 %r2, s+4;`,
	`mov.b64 {_, %r1}, %d1; atom.global.add.u32 _, [%d1], 1;`,
	`shfl.sync.down.b32 %r1|%p1, %r2, 1, 31, -1; shfl.sync.down.b32 %r1 | %p1, %r2, 1, 31, -1; setp.eq.s32 %p1|%p2,%r1,0;`,
	`setp.lt.and.s32 %p1|%p2,%r1,0,!%p3; setp.lt.and.s32 %p1 , %r1, 0 , ! %p3;`,
	`ld.param.u64 %d1,[a]; ld.global.v2.u32{%r1,%r2},[%d1]; st.global.v2.u32[%d1],{%r1,%r2};`,
	`mov.b32%r1,1;`,
	`.reg .b32 add; mov.b32 add, 1;`,
	`.reg .b32 reg, u32; mov.b32 reg, 1; mov.b32 u32, 2;`,
	`mov: bra mov;`,
	`.reg .b32 $x, _y, __$t; mov.b32 $x, 1; mov.b32 _y, 1; mov.b32 __$t, 1;`,
	`.reg .b32 %x, %_; mov.b32 %x, 1;`,
	`.local .align 8 .b8 l[16]; mov.b64 %d1, l; .local.b32 m; st.local.u32 [m], 1;`,
	`.global .b32 q; .const .b32 c = 3; ld.const.u32 %r1,[c];`,
	`.reg .b128 q; mov.b128 q, {%d1,%d2}; mov.b128 {%d3,%d4}, q;`,
	`.reg .v4 .f32 q<3>; mov.f32 q1.x, 0f00000000;`,
	`mov.b32 %r1, 0XFF; mov.b32 %r2, 0B11;`,
	`.reg .b32 %r9; mov.b32 %r9, 1;`,
	`mov.b64 %d1, {%r1, %r2}; mov.b32 %r1, {%h1,%h2}; mov.b64 {%h1,%h2,%h3,%h4}, %d1;`,
	`.reg .v4 .b32 V; ld.param.u64 %d1,[a]; ld.global.v4.u32 V, [%d1]; mov.b32 %r1, V.r; mov.b32 %r2, V.g; mov.b32 %r3, V.w; mov.b32 %r4, V.a;`,
	`.reg .v4 .b32 V; mov.v4.u32 V, %tid; mov.u32 %r1, %ctaid.w;`,
	`mov.u32 %r1,%warpid; mov.u32 %r1,%nwarpid; mov.u64 %d1,%gridid; mov.u32 %r1,%pm0; mov.u64 %d1, %pm0_64; mov.u32 %r1, %pm7; mov.u32 %r1,%envreg0; mov.u32 %r1,%envreg31; mov.u32 %r1, %reserved_smem_offset_0; mov.u32 %r1, %reserved_smem_offset_begin;mov.u32 %r1, %reserved_smem_offset_end;mov.u32 %r1, %reserved_smem_offset_cap; mov.u32 %r1,%reserved_smem_offset_1; mov.u64 %d1,%current_graph_exec; mov.u32 %r1,%total_smem_size; mov.u32 %r1,%aggr_smem_size; mov.u32 %r1,%dynamic_smem_size; mov.u64 %d1, %globaltimer; mov.u32 %r1,%globaltimer_lo;mov.u32 %r1,%globaltimer_hi; mov.u32 %r1,%clock_hi; mov.pred %p1,%is_explicit_cluster; mov.u32 %r1,%lanemask_gt; mov.u32 %r1, %smid; mov.u32 %r1,%nsmid;`,
}

// modules are texts behind the head that ptxas 12.9 assembles.
var modules = []string{
	".global .u32 g;.visible .entry k(.param .u64 a) {\n.reg .b32 %r<9>; .reg .b64 %d<9>; .reg .pred %p<9>; .reg .b16 %h<9>; .reg .f32 %f<9>;\n.reg .b32 g; mov.b32 g, 1;\nret;\n}\n",
	`.entry k() .pragma "nounroll"; {ret;}`,
	".pragma \"nounroll\";\n.entry k() {ret;}",
	".file 1 \"a.cu\"\n.entry k() {.loc 1 1 1\nret; .loc 1 2 1}",
	".file 1 \"a.cu\", 1434, 88\n.entry k() {ret;}",
	`.global .attribute(.managed) .u32 g; .entry k() {ret;}`,
	`.extern .global .u32 g; .entry k() {ret;}`,
	`.weak .global .u32 g = 3; .weak .entry k() {ret;}`,
	`.common .global .u32 g; .entry k() {ret;}`,
	`.visible .const .align 4 .b8 g[4] = {1,2,3,4}; .entry k() {ret;}`,
	".visible .func f() {ret;}\n.visible .func g();\n.alias g, f;\n.entry k() {call g; ret;}",
	".func f() {ret;} .func g() {ret;}\n.entry k() {.reg .b64 %d<3>; mov.b64 %d1, f; T: .calltargets f, g; call %d1, T; ret;}",
	".func f() {ret;}\n.entry k() {.reg .b64 %d<3>; mov.b64 %d1, f; P: .callprototype _ (); call %d1, P; ret;}",
	".func (.param .b32 r) f(.param .b32 a) {ret;}\n.entry k() {.reg .b64 %d<3>; mov.b64 %d1, f; {.param .b32 x; .param .b32 y; P: .callprototype (.param .b32 _) _ (.param .b32 _); call (x), %d1, (y), P;} ret;}",
	".func (.reg .b32 r) f(.reg .b32 a) {add.s32 r, a, 1; ret;}\n.entry k() {.reg .b32 %r<3>; call (%r1), f, (%r2); ret;}",
	".func (.reg .b32 r) f(.reg .b32 a) {add.s32 r, a, 1; ret;}\n.entry k() {.reg .b32 %r<3>; call (%r1), f, (5); ret;}",
	".func f() {ret;}\n.entry k() {.reg .pred p; @p call f; ret;}",
	".func (.reg .b32 r) f(.reg .b32 a) {add.s32 r, a, 1; ret;}\n.entry k() {.reg .b32 %r<3>; call.uni (%r1), f, (%r2); ret;}",
	".func (.reg .b32 r) f(.reg .b32 a) {add.s32 r, a, 1; ret;}\n.entry k() {.reg .b32 %r<3>; call.uni (_), f, (%r2); ret;}",
	".func f();\n.entry k() {call f; ret;}\n.func f() {ret;}",
	".func f {ret;}\n.entry k() {call f; ret;}",
	`.entry k {ret;}`,
	`.entry k(.param .u64 .ptr .global .align 16 a, .param.u64.ptr.align 8 b) {ret;}`,
	`.entry k() .maxntid 128,1,1 .minnctapersm 2 .maxnreg 32 {ret;}`,
	".entry k()\n.maxntid 128\n, 1\n.minnctapersm 2\n{ret;}",
	`.entry k() .reqnctapercluster 2, 1, 1 .explicitcluster {ret;}`,
	`.entry k() .explicitcluster .maxclusterrank 8 {ret;}`,
	`.func f() .noreturn {exit;} .entry k() {call f; ret;}`,
	`.global .u32 g[2][2] = {{1,2},{3}}; .entry k() {ret;}`,
	`.global .s8 g[] = {-1,-2,0x7f}; .global .f32 f = -1.5; .global .f64 x = 0d3ff0000000000000; .entry k() {ret;}`,
	`.global .u32 g = (1<<3)|2; .global .u32 h = 5 % 3; .global .u32 i = 1?2:3; .global .u32 j = !0; .global .u32 k1 = 3==3; .entry k() {ret;}`,
	`.global .u32 g = 5 > 3 && 2 < 1 || 1; .global .s32 h = (.s64)3; .global .u32 i = (.u64) -1; .entry k() {ret;}`,
	`.func f(){ret;} .global .u64 t[2] = {f, f}; .entry k() {ret;}`,
	".entry k() {ret;}\n.section .debug_info\n{\n.b32 .debug_str\n.b8 1,2\n.b64 k\n$L: .b16 3\n}\n.section .debug_str {\n}\n.section .debug_loc { }",
	".entry k() {ret;} .section .debug_abbrev { .b8 1 \n .b8 2 }",
	".func (.param .b32 r) f(.param .b32 a) {ret;}\n.entry k() {\n{ // callseq 0, 0\n.reg .b32 temp_param_reg;\n.param .b32 param0;\n.param .b32 retval0;\ncall.uni (retval0), \nf, \n(\nparam0\n);\n} // callseq 0\nret;}",
}

const (
	head      = ".version 8.8\n.target sm_90a\n.address_size 64\n"
	registers = ".reg .b32 %r<9>; .reg .b64 %d<9>; .reg .pred %p<9>; .reg .b16 %h<9>; .reg .f32 %f<9>;\n"
)

func kernelAround(body string) string {
	return head + ".visible .entry k(.param .u64 a) {\n" + registers + body + "\nret;\n}\n"
}

func TestWhatPtxasTakes(t *testing.T) {
	for _, body := range statements {
		assert.NoError(t, firstError(kernelAround(body)), body)
	}
	for _, text := range modules {
		assert.NoError(t, firstError(head+text), text)
	}
	for _, text := range []string{
		".version 8.8\n.target sm_90\n.entry k() {ret;}",
		"// c\n/* d */ .version 8.8 .target sm_90 .address_size 64 .entry k() {ret;}",
		".version 8.8\r\n.target sm_90\r\n.entry k() {ret;}\r\n",
	} {
		assert.NoError(t, firstError(text), text)
	}
}

// TestTokens holds what those texts mean: where one token ends, and which of two declarations a name is.
func TestTokens(t *testing.T) {
	m, err := Parse([]byte(head + `
.entry k(.param.u64.ptr.align 8 a) {
	.reg.b32%r,x,q<2>;.reg .v2 .f32 V<3>;.shared.u32 s[2][4];
	mov .b32%r,x;add
	.s32 q1,q0,(.u64)-1>>63;{.reg.b16 x;mov.b16 x,3;L:bra L;}
	mov.b32 x,x;L:bra L;mov.f32 V2.x,V2 .g;ld.shared.u32 x,s[1];mov.u32 x,%tid .y;add.s32 x,x,7 % 3*2;
}`))
	require.NoError(t, err)
	f := m.Function("k")
	require.NoError(t, f.Err)
	var got []string
	for _, in := range f.Body {
		s := in.Op.Text
		for _, o := range in.Operands {
			s += " " + show(f, o)
		}
		got = append(got, s)
	}
	assert.Equal(t, []string{
		"mov.b32 %r#0 x#1", "add.s32 q1#2 q0#3 1", "mov.b16 x#4 3", "bra ->3", "mov.b32 x#1 x#1", "bra ->5",
		"mov.f32 V2.x#5 V2.y#6", "ld.shared.u32 x#1 [s+16]", "mov.u32 x#1 %tid.y", "add.s32 x#1 x#1 2",
	}, got)
}

// TestConstants holds the values of constant expressions: those that ptxas gives.
func TestConstants(t *testing.T) {
	for text, want := range map[string]int64{
		"5>3": 1, "3>5": 0, "1?2:3": 2, "0?2:1?5:6": 5, "!5": 0, "-1>1": 0, "0xffffffffffffffff>1": 1, "-7/2": -3, "7U/2": 3, "-7 % 3": -1,
		"1<<3|2": 10, "(.s64)-1 >> 1": -1, "(.u64)-1 >> 63": 1, "-1 >> 63": -1, "-1U >> 63": 1, "+4": 4, "2+3*4": 14, "7&3==3": 1,
		"1&&0||1": 1, "3>=3": 1, "3<=2": 0, "3!=2": 1, "6^3": 5, "WARP_SZ/2": 16, "-(4)": -4, "~0": -1, "017": 15, "0b101": 5,
	} {
		m, err := Parse([]byte(head + ".global .s64 v = " + text + ";"))
		require.NoError(t, err)
		v := m.Variables[0]
		require.NoError(t, v.Err, text)
		assert.Equal(t, want, int64(binary.LittleEndian.Uint64(v.Init)), text)
	}
}

// TestWhatCannotBeReadIsLeftOut holds that a function or a variable that is not understood keeps its error, and that the rest is read.
func TestWhatCannotBeReadIsLeftOut(t *testing.T) {
	m, err := Parse([]byte(head + `
.global .texref colours;
.global .align 4 .b99 odd[4] = {1, {2}, 3};
.global .u32 good = 7;
.func (.param .b32 r) helper(.param .b32 a)
{
	.reg .f20 x;
	{ { } }
}
.visible .entry broken(.param .texref t) .maxntid 3 { ret; }
.visible .entry works() { ret; }
`))
	require.NoError(t, err)
	require.Len(t, m.Variables, 3)
	assert.ErrorContains(t, m.Variables[0].Err, `line 5: expected a type of memory, found ".texref"`)
	assert.Equal(t, "odd", m.Variables[1].Name)
	assert.ErrorContains(t, m.Variables[1].Err, ".b99")
	assert.Equal(t, GlobalSpace, m.Variables[1].Space)
	assert.NoError(t, m.Variables[2].Err)
	assert.ErrorContains(t, m.Function("helper").Err, "line 10: unknown type of a register")
	assert.True(t, m.Function("broken").Kernel)
	assert.ErrorContains(t, m.Function("broken").Err, ".texref")
	assert.NoError(t, m.Function("works").Err)
	assert.Len(t, m.Function("works").Body, 1)

	for _, text := range []string{".global .b99 a", ".entry k() { add", ".visible nonsense", ".global .b99 = 3;", ".entry k() { ret; } }"} {
		_, err := Parse([]byte(head + text))
		assert.Error(t, err, text)
	}
}
