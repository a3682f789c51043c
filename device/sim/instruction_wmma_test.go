package sim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// memoryMatrix is a matrix in memory: rows or columns one after the other, stride elements from one to the next.
type memoryMatrix struct {
	t            string
	rows, across int
	columns      bool
	stride       int
	value        func(r, c int) uint64
	space        string
}

// words are its bytes, gaps with a pattern that belongs to no element.
func (s memoryMatrix) words() []uint32 {
	lines, length := s.rows, s.across
	if s.columns {
		lines, length = length, lines
	}
	bits := bitsOf(s.t)
	list := make([]uint32, (lines*s.stride*bits+31)/32)
	for i := range list {
		list[i] = 0xabababab
	}
	for line := range lines {
		for i := range length {
			r, c := line, i
			if s.columns {
				r, c = i, line
			}
			v := s.value(r, c)
			at := (line*s.stride + i) * bits
			for part := 0; part < bits; part += min(bits, 32) {
				word, shift := (at+part)/32, at%32
				mask := uint32(1)<<min(bits, 31) - 1
				if bits >= 32 {
					mask = ^uint32(0)
				}
				list[word] = list[word]&^(mask<<shift) | uint32(v>>part)&mask<<shift
			}
		}
	}
	return list
}

func (s memoryMatrix) layout() string { return choose(s.columns, "col", "row") }

// wmmaRow runs the whole way of one wmma.mma: A, B and C are loaded from three spaces, D is stored, and the threads add up its words.
func (p product) wmmaRow(index int) row {
	spaces := []string{".global", ".shared", ""}
	matrices := []memoryMatrix{
		{t: p.a, rows: p.m, across: p.k, columns: p.columns[0], value: func(r, c int) uint64 { return matrixBits(p.a, matrixValue(0, p.a, r, c)) }},
		{t: p.b, rows: p.k, across: p.n, columns: p.columns[1], value: func(r, c int) uint64 { return matrixBits(p.b, matrixValue(1, p.b, r, c)) }},
		{t: p.c, rows: p.m, across: p.n, columns: index/2%2 == 1, value: func(r, c int) uint64 { return matrixBits(p.c, matrixValue(2, p.c, r, c)) }},
		{t: p.d, rows: p.m, across: p.n, columns: index%2 == 1, value: func(r, c int) uint64 { return p.result(r, c, 0) }},
	}
	declarations, body := "", "\tmov.u32 %r20, %tid.x;\n"
	for i := range matrices {
		s := &matrices[i]
		s.space = spaces[(index+i)%3]
		s.stride = choose(s.columns, s.rows, s.across)
		if (index+i)%4 != 0 {
			s.stride += 128 / bitsOf(s.t) * (1 + index%2) // 16 bytes, or 32
		}
		list := s.words()
		var text []string
		for _, v := range list {
			if i == 3 {
				v = 0xabababab
			}
			text = append(text, fmt.Sprint(v))
		}
		declarations += fmt.Sprintf(".global .align 32 .b32 matrix%d[%d] = {%s};\n", i, len(list), strings.Join(text, ", "))
		body += fmt.Sprintf("\tmov.u64 %%d%d, matrix%d;\n", 30+i, i)
		if s.space == ".shared" {
			declarations += fmt.Sprintf(".shared .align 32 .b32 copy%d[%d];\n", i, len(list))
			body += fmt.Sprintf("\tmov.u32 %%r21, %%r20;\ncopy_%d:\n\tsetp.ge.u32 %%p1, %%r21, %d;\n\t@%%p1 bra copied_%d;\n", i, len(list), i)
			body += fmt.Sprintf("\tmad.wide.u32 %%d20, %%r21, 4, %%d%d;\n\tld.global.u32 %%r22, [%%d20];\n\tmov.u32 %%r23, copy%d;\n\tmad.lo.u32 %%r23, %%r21, 4, %%r23;\n\tst.shared.u32 [%%r23], %%r22;\n\tadd.u32 %%r21, %%r21, 32;\n\tbra copy_%d;\ncopied_%d:\n", 30+i, i, i, i)
			body += fmt.Sprintf("\tmov.u64 %%d%d, copy%d;\n\tbar.sync 0;\n", 30+i, i)
		} else if s.space == "" {
			body += fmt.Sprintf("\tcvta.global.u64 %%d%d, %%d%d;\n", 30+i, 30+i)
		}
	}
	var lists [4]string
	next := 40
	for i, s := range matrices {
		bank := choose(s.t == "f64", "%d", "%w")
		count := s.rows * s.across / 32 / max(1, 32/bitsOf(s.t))
		if i < 2 && s.t == "f16" {
			count = 8
		}
		var names []string
		for range count {
			names = append(names, fmt.Sprintf("%s%d", bank, next))
			next++
		}
		lists[i] = "{" + strings.Join(names, ", ") + "}"
		if i == 2 && p.c == p.d && index%3 == 0 { // D is C in reverse order
			slices.Reverse(names)
			lists[3] = "{" + strings.Join(names, ", ") + "}"
			break
		}
	}
	for i, s := range matrices {
		stride := fmt.Sprintf(", %d", s.stride)
		if (index+i)%4 == 0 {
			stride = "" // the default
		}
		if i == 3 {
			body += fmt.Sprintf("\t%s %s, %s, %s, %s;\n", p.text, lists[3], lists[0], lists[1], lists[2])
			body += fmt.Sprintf("\twmma.store.d.sync.aligned.%s.%s%s.%s [%%d33], %s%s;\n", s.layout(), p.size, s.space, s.t, lists[3], stride)
			break
		}
		body += fmt.Sprintf("\twmma.load.%c.sync.aligned.%s.%s%s.%s %s, [%%d%d]%s;\n", "abc"[i], s.layout(), p.size, s.space, s.t, lists[i], 30+i, stride)
	}
	want := matrices[3].words()
	body += fmt.Sprintf("\tbar.sync 0;\n\tmov.u32 %%r21, %%r20;\nsum:\n\tsetp.ge.u32 %%p1, %%r21, %d;\n\t@%%p1 bra summed;\n\tmul.wide.u32 %%d20, %%r21, 4;\n\tadd.u64 %%d20, %%d20, %%d33;\n", len(want))
	body += fmt.Sprintf("\tld%s.u32 %%r22, [%%d20];\n\tmad.lo.u32 %%r30, %%r30, 31, %%r22;\n\tadd.u32 %%r31, %%r31, 1;\n\tadd.u32 %%r21, %%r21, 32;\n\tbra sum;\nsummed:\n", matrices[3].space)
	return row{name: p.text, declarations: declarations, body: "\t{\n\t.reg .b32 %w<100>;\n" + body + "\t}\n", want: func(lane int, _ []words) (sum, n uint32) {
		for i := lane; i < len(want); i += 32 {
			sum, n = sum*31+want[i], n+1
		}
		return sum, n
	}}
}

func wmmaRows() (rows []row) {
	index := 0
	for _, name := range sim.MultiplyNames() {
		if strings.HasPrefix(name, "wmma") {
			rows = append(rows, productOf(name).wmmaRow(index))
			index++
		}
	}
	return rows
}

// Every load and store of the table occurs in the rows.
func TestEveryWMMAAccessHasItsRow(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range wmmaRows() {
		for _, line := range strings.Split(r.body, "\n") {
			text, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			if strings.HasPrefix(text, "wmma.load") || strings.HasPrefix(text, "wmma.store") {
				parts := slices.DeleteFunc(strings.Split(text, "."), func(m string) bool {
					return slices.Contains([]string{"sync", "aligned", "row", "col", "global", "shared"}, m)
				})
				seen[strings.Join(parts, ".")] = true
			}
		}
	}
	for _, name := range sim.WMMAAccessNames() {
		assert.True(t, seen[name], "%s has no row", name)
	}
}

// Each is found by a kernel of one warp, or of two, on a matrix of 1024 bytes at %d0 and a shared array of 1024.
func TestProblemsOfWMMA(t *testing.T) {
	load := func(address string) string {
		return "wmma.load.a.sync.aligned.row.m16n16k16" + address + ";"
	}
	const registers = " {%r10, %r11, %r12, %r13, %r14, %r15, %r16, %r17}, "
	for _, test := range []struct {
		name, body string
		threads    int
		kind       sim.Kind
		message    string
	}{
		{"behind the end", load(".global.f16" + registers + "[%d0], 40"), 32, sim.OutOfBounds, "of an allocation of 1024 bytes"},
		{"odd stride", load(".global.f16" + registers + "[%d0], 20"), 32, sim.Misaligned, "a stride of 40 bytes: both must be multiples of 16"},
		{"odd address", load(".global.f16" + registers + "[%d0+8], 16"), 32, sim.Misaligned, "both must be multiples of 16"},
		{"different addresses", "mad.lo.u64 %d3, %d2, 32, %d0;\n" + load(".global.f16"+registers+"[%d3], 16"), 32, sim.BadAddress, "all lanes must name the same matrix"},
		{"different strides", "mad.lo.u32 %r3, %r2, 8, 16;\n" + load(".global.f16"+registers+"[%d0], %r3"), 32, sim.BadAddress, "all lanes must name the same matrix"},
		{"never written", load(".global.f16"+registers+"[%d1], 16") + "\nst.global.b32 [%d0], %r10;", 32, sim.UninitializedGlobal, "never written since the allocation, read by \"wmma.load"},
		{"shared, never written", load(".shared.f16"+registers+"[tile], 16") + "\nst.global.b32 [%d0], %r10;", 32, sim.UninitializedShared, "never written in this block, read by \"wmma.load"},
		{"never written, by columns", "wmma.load.a.sync.aligned.col.m16n16k16.global.f16" + registers + "[%d1], 16;", 32, sim.UninitializedGlobal, "a part of the matrix depends on offset"},
		{"race of warps", "mov.u32 %r3, tile;\nmad.lo.u32 %r3, %r2, 8, %r3;\nst.shared.b64 [%r3], %d2;\nbar.sync 0;\nsetp.ge.u32 %p1, %r2, 32;\n@%p1 st.shared.b64 [%r3], %d2;\nbar.warp.sync 0xffffffff;\n" + load(".shared.f16"+registers+"[tile], 16"), 64, sim.SharedRace, "with no barrier between"},
		{"half a warp", load(".global.f16" + registers + "[%d0], 16"), 16, sim.PartialWarp, "all 32 lanes must take part"},
		{"store behind the end", "mov.b32 %r10, 0; wmma.store.d.sync.aligned.row.m16n16k16.shared.s32 [tile+512], {%r10, %r10, %r10, %r10, %r10, %r10, %r10, %r10};", 32, sim.OutOfBounds, "the block has 1024 bytes"},
		{"register of no value", "wmma.store.d.sync.aligned.row.m16n16k16.shared.s32 [tile], {%r10, %r10, %r10, %r10, %r10, %r10, %r10, %r11};", 32, sim.UninitializedRegister, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := sim.NewDevice(hopper(t), sim.Options{Checks: sim.AllChecks, Workers: 1})
			k := kernelOf(t, d, snippet("", ".shared .align 128 .b8 tile[1024];\n"+test.body), "snippet")
			_, err := d.Launch(k, linear(1), linear(test.threads), 0, pack(upload(t, d, make([]byte, 1024)), alloc(t, d, 1024)))
			var found *sim.Findings
			require.ErrorAs(t, err, &found)
			assert.Equal(t, test.kind, found.Reports[0].Kind)
			assert.Contains(t, found.Reports[0].Message, test.message)
		})
	}
}

// What no chip has is refused by its name.
func TestRefusedProducts(t *testing.T) {
	for text, want := range map[string]string{
		"mma.sp.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%r10,%r11,%r12,%r13}, {%r14,%r15}, {%r16,%r17}, {%r10,%r11,%r12,%r13}, %r18, 0;": "sparse matrices is not supported",
		"mma.sync.aligned.m16n8k8.row.row.f32.f16.f16.f32 {%r10,%r11,%r12,%r13}, {%r14,%r15}, {%r16}, {%r10,%r11,%r12,%r13};":                     "unknown instruction",
		"mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%r10,%r11,%r12,%r13}, {%r14,%r15}, {%r16,%r17}, {%r10,%r11,%r12,%r13};":                 "operand 1 has 2 registers, expected 4",
		"wmma.load.a.sync.aligned.col.m8n8k32.global.s4 {%r10}, [%d0], 32;":                                                                       "unknown instruction",
		"wmma.load.a.sync.aligned.row.m16n16k16.global.f16 {%r10,%r11,%r12,%r13}, [%d0], 16;":                                                     "4 registers, expected 8",
		"wmma.load.a.sync.aligned.m16n16k16.global.s8 {%r10,%r11}, [%d0], 16;":                                                                    "unknown instruction",
		"wmma.load.a.sync.aligned.row.m16n16k16.local.s8 {%r10,%r11}, [%d0], 16;":                                                                 "unknown instruction",
	} {
		d := sim.NewDevice(hopper(t), sim.Options{})
		m, err := d.Load([]byte(snippet("", text)))
		require.NoError(t, err, text)
		_, err = m.Kernel("snippet")
		assert.ErrorContains(t, err, want, text)
	}
}

// A load of 16 rows or columns of 32 bytes: each of its four registers is 8 rows of 16 bytes, a wavefront without padding between the rows where
// 32 banks hold 4 rows, two; with rows of 48 bytes no two of 8 meet.
func TestTrafficOfWMMA(t *testing.T) {
	for stride, wavefronts := range map[int]int64{16: 8, 24: 4, 64: 32} {
		for _, load := range []string{"a.sync.aligned.row", "a.sync.aligned.col", "b.sync.aligned.row", "b.sync.aligned.col"} {
			testTrafficOfWMMA(t, load, stride, wavefronts)
		}
	}
}

func testTrafficOfWMMA(t *testing.T, load string, stride int, wavefronts int64) {
	for _, address := range []string{".shared.bf16 {%r10, %r11, %r12, %r13}, [tile]", ".bf16 {%r10, %r11, %r12, %r13}, [%d6]"} {
		d := checked(t)
		k := kernelOf(t, d, snippet("", fmt.Sprintf(`
	.shared .align 128 .b8 tile[2048];
	mov.u32 %%r3, tile;
	mad.lo.u32 %%r3, %%r2, 64, %%r3;
	mov.b64 %%d5, 0;
	mov.u64 %%d6, tile;
	cvta.shared.u64 %%d6, %%d6;
	st.shared.v2.b64 [%%r3], {%%d5, %%d5};
	st.shared.v2.b64 [%%r3+16], {%%d5, %%d5};
	st.shared.v2.b64 [%%r3+32], {%%d5, %%d5};
	st.shared.v2.b64 [%%r3+48], {%%d5, %%d5};
	bar.sync 0;
	wmma.load.%s.m16n16k16%s, %d;
	wmma.load.b.sync.aligned.row.m16n16k16.global.bf16 {%%r14, %%r15, %%r16, %%r17}, [%%d0], 64;
	mov.b32 %%r20, 0;
	wmma.mma.sync.aligned.row.row.m16n16k16.f32.bf16.bf16.f32 {%%r20, %%r21, %%r22, %%r23, %%r24, %%r25, %%r26, %%r27}, {%%r10, %%r11, %%r12, %%r13}, {%%r14, %%r15, %%r16, %%r17}, {%%r20, %%r20, %%r20, %%r20, %%r20, %%r20, %%r20, %%r20};`, load, address, stride)), "snippet")
		c, err := d.Launch(k, linear(1), linear(32), 0, pack(upload(t, d, make([]byte, 2048)), uint64(0)))
		require.NoError(t, err)
		assert.EqualValues(t, 4, c.Memory.SharedLoads, "a request for each register")
		assert.EqualValues(t, wavefronts, c.Memory.SharedLoadWavefronts, "%s%s, stride %d", load, address, stride)
		assert.EqualValues(t, 16*32, c.Memory.GlobalLoadBytes)
		assert.EqualValues(t, 16*32, c.Memory.BytesRead)
		require.Len(t, c.Tensor, 1)
		assert.Equal(t, sim.TensorCount{Name: "wmma m16n16k16 bf16", Type: "bf16", Accumulator: "f32", Warp: 1, Flops: 2 * 16 * 16 * 16}, c.Tensor[0])
	}
}
