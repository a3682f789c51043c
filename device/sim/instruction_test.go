package sim_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/ptx"
)

// row is a hand-written piece of PTX and what it has to compute. A block of threads (32 where not said) runs it; %r10 to %r13 are the
// four words of a thread's input, %r30 and %r31 its results, 0 before. The kernel has %d0, the input's address, %d1 the output's, %r2
// the thread.
type row struct {
	name         string
	threads      int
	declarations string // of module scope
	input        func(thread int) words
	body         string
	want         func(thread int, in []words) (uint32, uint32)
}

type words = [4]uint32

func (r row) ptx() string {
	return snippet(r.declarations, `
	mad.lo.s64 %d3, %d2, 16, %d0;
	ld.global.v4.u32 {%r10, %r11, %r12, %r13}, [%d3];
	mov.u32 %r30, 0;
	mov.u32 %r31, 0;
	// body
`+r.body+`
	// end
	mad.lo.s64 %d4, %d2, 8, %d1;
	st.global.v2.u32 [%d4], {%r30, %r31};`)
}

// noise is the input of rows that have none of their own.
func noise(thread int) words {
	r := rand.New(rand.NewPCG(7, uint64(thread)))
	return words{r.Uint32(), r.Uint32(), r.Uint32(), r.Uint32()}
}

func (r row) inputs() []words {
	make := r.input
	if make == nil {
		make = noise
	}
	var all []words
	for i := range max(r.threads, 32) {
		all = append(all, make(i))
	}
	return all
}

func rows() []row {
	return slices.Concat(predicateRows, moveRows, videoRows(), controlRows, warpRows, memoryRows, atomicRows(), asyncRows, matrixRows())
}

// TestInstructions runs every row under each order of the warps, with all checks on.
func TestInstructions(t *testing.T) {
	for _, r := range rows() {
		t.Run(r.name, func(t *testing.T) {
			in := r.inputs()
			for _, order := range []sim.Order{sim.Forward, sim.Reverse, sim.Random} {
				d := sim.NewDevice(hopper(t), sim.Options{Checks: sim.AllChecks, Order: order, Seed: 3, Quantum: 2, Workers: 1})
				out := alloc(t, d, uint64(8*len(in)))
				k := kernelOf(t, d, r.ptx(), "snippet")
				_, err := d.Launch(k, linear(1), linear(len(in)), 0, pack(upload(t, d, in), out))
				require.NoError(t, err)
				got := make([][2]uint32, len(in))
				download(t, d, out, got)
				for i := range in {
					lo, hi := r.want(i, in)
					require.Equal(t, fmt.Sprintf("%08x %08x", lo, hi), fmt.Sprintf("%08x %08x", got[i][0], got[i][1]),
						"thread %d, input %08x, order %d", i, in[i], order)
				}
			}
		})
	}
}

// TestEveryInstructionHasItsRow holds that no row of the engine's table is without a row here.
func TestEveryInstructionHasItsRow(t *testing.T) {
	covered := map[string]bool{}
	cover := func(text string, from, to int) {
		m, err := ptx.Parse([]byte(text))
		require.NoError(t, err, numbered(text))
		for _, f := range m.Functions {
			for _, in := range f.Body {
				if int(in.Line) > from && int(in.Line) < to {
					covered[sim.RowOf(in.Op)] = true
					for _, o := range in.Operands {
						if o.Kind == ptx.FunctionOperand {
							covered[o.Name] = true // vprintf and its like
						}
					}
				}
			}
		}
	}
	for _, r := range rows() {
		text := r.ptx()
		cover(text, lineOf(text, "// body"), lineOf(text, "// end"))
	}
	for _, name := range sim.ArithmeticNames() {
		covered[name] = true // each has a reference, see TestArithmetic
	}
	covered["tex"], covered["tld4"], covered["suld"], covered["sust"] = true, true, true, true // see TestTextures and TestSurfaces
	covered["trap"], covered["__assertfail"] = true, true                                      // see TestPlantedBugs and TestAssertion
	for _, name := range sim.InstructionNames() {
		assert.True(t, covered[name], "%s has no row", name)
	}
}

func lineOf(text, mark string) int {
	return strings.Count(text[:strings.Index(text, mark)], "\n") + 1
}

func one(f func(x words) uint32) func(int, []words) (uint32, uint32) {
	return func(thread int, in []words) (uint32, uint32) { return f(in[thread]), 0 }
}

func wide(f func(x words) uint64) func(int, []words) (uint32, uint32) {
	return func(thread int, in []words) (uint32, uint32) {
		v := f(in[thread])
		return uint32(v), uint32(v >> 32)
	}
}

func choose[T any](condition bool, a, b T) T {
	if condition {
		return a
	}
	return b
}

// floats makes an input of single-precision numbers, with those that instructions treat in their own way.
func floats(thread int) words {
	list := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 1.5, -2, float32(math.Inf(1)), float32(math.Inf(-1)),
		float32(math.NaN()), 0x1p-126, 0x1p-127, -0x1p-149, 3e38, 1e-20, 7, 0.1}
	at := func(i int) uint32 { return math.Float32bits(list[i%len(list)]) }
	return words{at(thread), at(thread/16 + thread*3), at(thread*5 + 2), at(thread * 7)}
}

var predicateRows = []row{
	{name: "set.u32", body: "set.lt.u32.s32 %r30, %r10, %r11; set.ge.u32.u32 %r31, %r10, %r11;",
		want: func(i int, in []words) (uint32, uint32) {
			x := in[i]
			return choose(int32(x[0]) < int32(x[1]), ^uint32(0), 0), choose(x[0] >= x[1], ^uint32(0), 0)
		}},
	{name: "set.f32", input: floats, body: "setp.gt.u32 %p1, %r12, %r13; set.ltu.f32.f32 %r30, %r10, %r11; set.le.and.u32.f32 %r31, %r10, %r11, !%p1;",
		want: func(i int, in []words) (uint32, uint32) {
			a, b := math.Float32frombits(in[i][0]), math.Float32frombits(in[i][1])
			return choose(!(a >= b), 0x3f800000, uint32(0)), choose(a <= b && in[i][2] <= in[i][3], ^uint32(0), 0)
		}},
	{name: "setp", body: "setp.lt.s32 %p1|%p2, %r10, 100; @%p1 mov.u32 %r30, 1; @%p2 mov.u32 %r30, 2;",
		want: one(func(x words) uint32 { return choose[uint32](int32(x[0]) < 100, 1, 2) })},
	{name: "setp.f16x2", body: "setp.lt.f16x2 %p1|%p2, %r10, %r11; selp.u32 %r30, 1, 0, %p1; @%p2 or.b32 %r30, %r30, 2; setp.ne.u32 %p5, %r12, %r13; setp.geu.xor.bf16x2 %p3|%p4, %r10, %r11, !%p5; selp.u32 %r31, 1, 0, %p3; @%p4 or.b32 %r31, %r31, 2;",
		want: func(i int, in []words) (uint32, uint32) {
			half := func(x uint32, lane int, f format) (float64, bool) {
				bits := uint64(x>>(16*lane)) & 0xffff
				if f.isNaN(bits) {
					return 0, true
				}
				v, _ := f.value(bits).Float64()
				return v, false
			}
			var less, notLess uint32
			for lane := range 2 {
				a, aNaN := half(in[i][0], lane, formats["f16"])
				b, bNaN := half(in[i][1], lane, formats["f16"])
				less |= choose[uint32](!aNaN && !bNaN && a < b, 1, 0) << lane
				a, aNaN = half(in[i][0], lane, formats["bf16"])
				b, bNaN = half(in[i][1], lane, formats["bf16"])
				notLess |= choose[uint32]((aNaN || bNaN || a >= b) != (in[i][2] == in[i][3]), 1, 0) << lane
			}
			return less, notLess
		}},
	{name: "selp", body: "setp.ge.u32 %p1, %r10, %r11; selp.b32 %r30, %r12, %r13, %p1; selp.u32 %r31, 5, 6, !%p1;",
		want: func(i int, in []words) (uint32, uint32) {
			x := in[i]
			return choose(x[0] >= x[1], x[2], x[3]), choose[uint32](x[0] >= x[1], 6, 5)
		}},
	{name: "selp.b64", body: "setp.ne.b32 %p1, %r10, 0; mov.b64 %d10, {%r11, %r12}; mov.b64 %d11, {%r12, %r13}; selp.b64 %d12, %d10, %d11, %p1; mov.b64 {%r30, %r31}, %d12;",
		input: func(i int) words { return words{uint32(i & 1), 11, 12, 13} },
		want:  wide(func(x words) uint64 { return choose[uint64](x[0] != 0, 12<<32|11, 13<<32|12) })},
	{name: "selp.b16", body: "setp.ne.b32 %p1, %r10, 0; mov.b16 %h1, -2; mov.b16 %h2, 77; selp.b16 %h3, %h1, %h2, %p1; cvt.u32.u16 %r30, %h3;",
		input: func(i int) words { return words{uint32(i & 1)} },
		want:  one(func(x words) uint32 { return choose[uint32](x[0] != 0, 0xfffe, 77) })},
	{name: "slct.s32", body: "slct.u32.s32 %r30, %r10, %r11, %r12;",
		want: one(func(x words) uint32 { return choose(int32(x[2]) >= 0, x[0], x[1]) })},
	{name: "slct.f32", input: floats, body: "slct.f32.f32 %r30, %r10, %r11, %r12;",
		want: one(func(x words) uint32 { return choose(math.Float32frombits(x[2]) >= 0, x[0], x[1]) })},
	{name: "slct.ftz", input: floats, body: "slct.ftz.f32.f32 %r30, %r10, %r11, %r12;",
		want: one(func(x words) uint32 {
			subnormal := x[2]&0x7f800000 == 0
			return choose(subnormal || math.Float32frombits(x[2]) >= 0, x[0], x[1])
		})},
	{name: "slct of 64 bits", body: "mov.b64 %d10, {%r10, %r11}; mov.b64 %d11, {%r11, %r10}; slct.u64.s32 %d12, %d10, %d11, %r12; mov.b64 {%r30, %r31}, %d12;",
		want: func(i int, in []words) (uint32, uint32) {
			x := in[i]
			return choose(int32(x[2]) >= 0, x[0], x[1]), choose(int32(x[2]) >= 0, x[1], x[0])
		}},
	{name: "testp", input: floats, body: `
	testp.finite.f32 %p1, %r10;
	@%p1 or.b32 %r30, %r30, 1;
	testp.infinite.f32 %p1, %r10;
	@%p1 or.b32 %r30, %r30, 2;
	testp.number.f32 %p1, %r10;
	@%p1 or.b32 %r30, %r30, 4;
	testp.notanumber.f32 %p1, %r10;
	@%p1 or.b32 %r30, %r30, 8;
	testp.normal.f32 %p1, %r10;
	@%p1 or.b32 %r30, %r30, 16;
	testp.subnormal.f32 %p1, %r10;
	@%p1 or.b32 %r30, %r30, 32;`,
		want: one(func(x words) (r uint32) {
			magnitude := x[0] &^ (1 << 31)
			for bit, holds := range []bool{magnitude < 0x7f800000, magnitude == 0x7f800000, magnitude <= 0x7f800000, magnitude > 0x7f800000,
				magnitude >= 0x00800000 && magnitude < 0x7f800000, magnitude > 0 && magnitude < 0x00800000} {
				if holds {
					r |= 1 << bit
				}
			}
			return r
		})},
	{name: "logic of predicates", body: `
	setp.lt.s32 %p1, %r10, 0;
	setp.lt.s32 %p2, %r11, 0;
	and.pred %p3, %p1, %p2;
	@%p3 or.b32 %r30, %r30, 1;
	or.pred %p3, %p1, %p2;
	@%p3 or.b32 %r30, %r30, 2;
	xor.pred %p3, %p1, %p2;
	@%p3 or.b32 %r30, %r30, 4;
	not.pred %p3, %p1;
	@%p3 or.b32 %r30, %r30, 8;
	mov.pred %p3, %p2;
	@!%p3 or.b32 %r30, %r30, 16;`,
		want: one(func(x words) (r uint32) {
			a, b := int32(x[0]) < 0, int32(x[1]) < 0
			for bit, holds := range []bool{a && b, a || b, a != b, !a, !b} {
				if holds {
					r |= 1 << bit
				}
			}
			return r
		})},
}
