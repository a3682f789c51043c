package ptx

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// grammar is a text with the forms of the language, see testdata/grammar.ptx.
func grammar(t *testing.T) *Module {
	text, err := os.ReadFile("testdata/grammar.ptx")
	require.NoError(t, err)
	m, err := Parse(text)
	require.NoError(t, err)
	return m
}

// show writes an operand in a form of its own: registers with their index among those of the function, so that two of the same
// name are told apart.
func show(f *Function, o Operand) string {
	not := ""
	if o.Not {
		not = "!"
	}
	var parts []string
	for _, e := range o.Elements {
		parts = append(parts, show(f, e))
	}
	list := strings.Join(parts, " ")
	switch o.Kind {
	case RegisterOperand:
		return fmt.Sprintf("%s%s#%d", not, f.Registers[o.Register].Name, o.Register)
	case SpecialOperand, FunctionOperand, PrototypeOperand:
		return not + o.Name
	case IntegerOperand:
		return fmt.Sprint(int64(o.Value))
	case Float32Operand:
		return fmt.Sprintf("f%08x", o.Value)
	case Float64Operand:
		return fmt.Sprintf("d%016x", o.Value)
	case VariableOperand:
		return fmt.Sprintf("&%s%+d", o.Variable.Name, int64(o.Value))
	case LabelOperand:
		return fmt.Sprintf("->%d", o.Value)
	case TableOperand:
		return fmt.Sprint("->", f.BranchTables[o.Value])
	case AddressOperand:
		base := ""
		if o.Variable != nil {
			base = o.Variable.Name
		} else if o.Register >= 0 {
			base = f.Registers[o.Register].Name
		}
		return strings.TrimSpace(fmt.Sprintf("[%s%+d %s", base, int64(o.Value), list)) + "]"
	case VectorOperand:
		return "{" + list + "}"
	case PairOperand:
		return strings.Join(parts, "|")
	case ListOperand:
		return "(" + list + ")"
	}
	return "_"
}

func TestInstructions(t *testing.T) {
	f := grammar(t).Function("kernel")
	var got []string
	for i, in := range f.Body {
		guard := ""
		if in.Guard >= 0 {
			guard = "@" + map[bool]string{true: "!"}[in.GuardNot] + f.Registers[in.Guard].Name + " "
		}
		s := fmt.Sprintf("%d: %s%s", i, guard, in.Op.Text)
		for _, o := range in.Operands {
			s += " " + show(f, o)
		}
		got = append(got, s)
	}
	assert.Equal(t, []string{
		"0: mul.wide.u16 %r1#5 %rs1#6 -21845",
		"1: mov.b32 {%rs2#7 _} %r1#5",
		"2: mov.f32 quad.x#1 f40000000",
		"3: st.v4.f32 [depot+16] {quad.x#1 quad.y#2 quad.z#3 quad.w#4}",
		"4: fma.rn.f32 %f1#8 quad.y#2 fc0000000 dbf589374bc6a7efa",
		"5: ld.shared::cta.f32 %f2#9 [tile+0]",
		"6: ld.global.u32 %r2#10 [%rd1-8]",
		"7: ld.global.u32 %r2#10 [%rd1-8]",
		"8: ld.global.u32 %r2#10 [+4096]",
		"9: setp.eq.and.s32 %p1#12|flag#0 %r2#10 0 !%p2#13",
		"10: shfl.sync.bfly.b32 %r3#14|%p3#15 %r2#10 16 31 -1",
		"11: @!%p1 bra ->17",
		"12: mbarrier.try_wait.parity.shared::cta.b64 P#17 [%rd1+0] %r1#16",
		"13: @P bra ->15",
		"14: bra ->12",
		"15: mbarrier.try_wait.parity.shared::cta.b64 P#18 [%rd1+0] %r1#5",
		"16: @!P bra ->15",
		"17: st.param.b32 [param0+0] %r1#5",
		"18: call.uni (&retval0+0) twice (&param0+0)",
		"19: ld.param.v2.b32 {%r4#19 %r5#20} [retval0+0]",
		"20: mov.u64 %rd2#21 twice",
		"21: call () %rd2#21 () prototype",
		"22: brx.idx.uni %r1#5 ->[17 29]",
		"23: cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r1+0] [%rd1+0 {%r2#10 %r3#14}] [%rd2+0]",
		"24: mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1#8 %f1#8 %f1#8 %f1#8} {%r1#5 %r2#10 %r3#14 %r4#19} {%r5#20 %r6#22} {%f2#9 %f2#9 %f2#9 %f2#9}",
		"25: mov.u32 %r7#23 %ctaid.x",
		"26: mov.b32 %r8#24 &dynamic+0",
		"27: trap",
		"28: call () twice ()",
	}, got)
	assert.Equal(t, []string{"wide", "u16"}, f.Body[0].Op.Modifiers)
	assert.Same(t, f.Body[6].Op, f.Body[7].Op)
	assert.Equal(t, "fma.rn.f32 %f1, quad.y, 0fC0000000, -1.5e-3", f.Body[4].Text)
	assert.Equal(t, int32(100), f.Body[27].Line, "a comment over two lines counts")
	assert.Equal(t, Register{"flag", Pred}, f.Registers[0])
}

func TestFunctions(t *testing.T) {
	m := grammar(t)
	assert.Equal(t, "8.8", m.Version)
	assert.Equal(t, "sm_90", m.Target)
	assert.Equal(t, map[int]string{1: "grammar.cu"}, m.Files)

	f := m.Function("kernel")
	assert.True(t, f.Kernel)
	assert.Equal(t, Visible, f.Linkage)
	assert.Equal(t, [3]uint32{128, 2, 1}, f.MaxThreads)
	assert.Equal(t, [3]uint32{}, f.RequiredThreads)
	assert.Equal(t, uint32(2), f.MinBlocks)
	assert.Equal(t, uint32(64), f.MaxRegisters)
	var offsets []uint64
	for _, p := range f.Params {
		offsets = append(offsets, p.Offset)
	}
	assert.Equal(t, []uint64{0, 8, 16, 32, 40}, offsets, "the alignment behind .ptr is not the parameter's")
	assert.Equal(t, uint64(48), f.ParamBytes())
	var locals []string
	for _, v := range f.Variables {
		locals = append(locals, fmt.Sprintf("%v %s %d/%d", v.Space, v.Name, v.Size, v.Align))
	}
	assert.Equal(t, []string{"local depot 64/16", "shared tile 1088/4", "param param0 4/4", "param retval0 8/4"}, locals)

	twice := m.Function("twice")
	assert.True(t, twice.HasBody, "not the prototype")
	assert.Len(t, twice.Body, 4)
	assert.False(t, m.Function("vprintf").HasBody)
	assert.Nil(t, m.Function("none"))
}

func TestLocations(t *testing.T) {
	f := grammar(t).Function("kernel")
	assert.Equal(t, []Location{
		{File: 1, Line: 10, Column: 0, Caller: -1},
		{File: 1, Line: 11, Column: 3, Function: "in", Caller: 0},
		{File: 1, Line: 12, Column: 5, Function: "", Caller: 1},
	}, f.Locations)
	assert.Equal(t, int32(0), f.Body[0].Location)
	assert.Equal(t, int32(1), f.Body[2].Location)
	assert.Equal(t, int32(2), f.Body[27].Location, "line 0 is no place")
	assert.Equal(t, int32(-1), grammar(t).Function("twice").Body[0].Location)
}

func TestVariables(t *testing.T) {
	byName := map[string]*Variable{}
	for _, v := range grammar(t).Variables {
		byName[v.Name] = v
	}
	assert.Equal(t, []byte{1, 2, 255, 255}, byName["table"].Init)
	assert.Equal(t, uint64(8), byName["table"].Size)
	assert.Equal(t, ConstSpace, byName["table"].Space)
	assert.Equal(t, []byte{0, 0, 0x80, 0x3f}, byName["scale"].Init)
	assert.Equal(t, []byte{0, 0, 0, 0x3f}, byName["half"].Init, "a double literal becomes what the type stores")
	assert.Equal(t, []Relocation{
		{Offset: 0, Bytes: 8, Symbol: "table"},
		{Offset: 8, Bytes: 8, Symbol: "table", Addend: 4, Generic: true},
		{Offset: 16, Bytes: 8, Symbol: "scale", Generic: true},
	}, byName["pointers"].Relocations)
	assert.Equal(t, []Relocation{
		{Offset: 0, Bytes: 1, Symbol: "table", Generic: true},
		{Offset: 1, Bytes: 1, Shift: 8, Symbol: "table", Generic: true},
		{Offset: 2, Bytes: 1, Shift: 16, Symbol: "table", Addend: 2},
	}, byName["packed"].Relocations)
	assert.Equal(t, []byte{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0}, byName["grid"].Init)
	assert.Equal(t, []byte{7, 0, 0, 0, 19, 0, 0, 0, 255, 255, 255, 255, 4, 0, 0, 0, 32, 0, 0, 0}, byName["counted"].Init)
	assert.Equal(t, uint64(20), byName["counted"].Size)
	assert.True(t, byName["dynamic"].Unsized)
	assert.Equal(t, uint64(16), byName["dynamic"].Align)
	assert.Equal(t, Common, byName["shared_between"].Linkage)
}

// wrap puts statements in a kernel whose body begins on line 5.
func wrap(body string) string {
	return ".version 8.8\n.target sm_80\n.address_size 64\n.entry k(.param .u64 a) {\n.reg .b32 %r<3>; .reg .pred %p<2>;\n" + body + "\n}\n"
}

// firstError is that of the whole text, or of the first function or variable that could not be read.
func firstError(text string) error {
	m, err := Parse([]byte(text))
	if err != nil {
		return err
	}
	for _, v := range m.Variables {
		if v.Err != nil {
			return v.Err
		}
	}
	for _, f := range m.Functions {
		if f.Err != nil {
			return f.Err
		}
	}
	return nil
}

func TestErrors(t *testing.T) {
	tests := []struct {
		text, want string
		line       int
	}{
		{"", `no .version`, 1},
		{"int main() {}", `expected a directive of module scope, found "int"`, 1},
		{".version 8.8\n.address_size 32", "only 64 bits", 2},
		{".version 8.8\n.global .u32 a[0x7fffffffff];", "larger than", 2},
		{".version 8.8\n.global .u32 a[4] = {1,2,3,4,5};", "has 20 bytes, the variable 16", 2},
		{".version 8.8\n.global .u32 a[2][2] = {{1},{2,3}};", "shorter than 2 values", 2},
		{".version 8.8\n.global .u32 a = 1/0;", "division by zero", 2},
		{".version 8.8\n.global .align 3 .u32 a;", "no power of two", 2},
		{".version 8.8\n.global .u32 a;\n.global .u32 a;", "a is declared again; first on line 2", 3},
		{".version 8.8\n.global .b99 a;", `expected a type of memory, found ".b99"`, 2},
		{".version 8.8\n.global .u32 a = " + strings.Repeat("(", 1000) + "1;", "nested too deep", 2},
		{".version 8.8\n.entry k() .maxsomething 3 {}", "unknown directive .maxsomething", 2},
		{".version 8.8\n.entry k() {ret;}\n.entry k() {ret;}", "k is defined again; first on line 2", 3},
		{".version 8.8\n.entry k() {", "the text ends within k", 2},
		{".version 8.8\n.pragma \"open", "a string without its end", 2},
		{wrap("add.s32 %r1, %r2"), `expected ";", found "}"`, 7},
		{wrap("add.s32 %r1, %r3, 1;"), "register %r3 is not declared", 6},
		{wrap("add.s32 %r1, %r02, 1;"), "register %r02 is not declared", 6},
		{wrap("add.s32 %r1, %r2, 0q;"), `expected a number, found "0q"`, 6},
		{wrap("ld.param.u64 %r1, [a+%r1];"), "expected a number", 6},
		{wrap("ld.param.u64 %r1, [!%p1];"), "an address must begin with", 6},
		{wrap("mov.b32 %r1, ![%r2];"), "only a predicate register can be negated", 6},
		{wrap("@%p7 ret;"), `expected a predicate register, found "%p7"`, 6},
		{wrap("\nbra $nowhere;"), "$nowhere is not declared", 7},
		{wrap("{ inner: ret; }\nbra inner;"), "inner is not declared", 7},
		{wrap("here: here: ret;"), "here is declared twice", 6},
		{wrap("mov.b32 %r1, " + strings.Repeat("{", 1000)), "nested too deep", 6},
		{wrap("%r1;"), `expected an instruction, found "%r1"`, 6},
		{wrap(".reg .f20 q;"), "unknown type of a register", 6},
		{wrap(".loc 1 2;"), `expected a column, found ";"`, 6},
	}
	for _, test := range tests {
		err := firstError(test.text)
		var failure *Error
		if assert.True(t, errors.As(err, &failure), test.text) {
			assert.Contains(t, failure.Message, test.want, test.text)
			assert.Equal(t, test.line, failure.Line, test.text)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	line := "\tfma.rn.f32 \t%f1, %f2, %f3, %f4;\n\t.loc\t1 12 5\n@%p1 bra \t$loop;\n\tld.global.nc.v4.f32 \t{%f1, %f2, %f3, %f4}, [%rd1+16];\n"
	text := []byte(".version 8.8\n.target sm_80\n.entry k() {\n.reg .f32 %f<9>; .reg .b64 %rd<9>; .reg .pred %p<9>;\n$loop:\n" +
		strings.Repeat(line, 1000) + "}\n")
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4000, "ns/line")
}
