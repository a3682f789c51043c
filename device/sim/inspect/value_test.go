package inspect

import (
	"debug/dwarf"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// firstOf runs a kernel of the stored PTX and gives the first numbers of a buffer.
func firstOf(t *testing.T, s *Script, name string) []string {
	r, err := Run(s)
	require.NoError(t, err)
	require.Empty(t, r.Findings)
	for _, o := range r.Outputs {
		if o.Name == name {
			return o.First
		}
	}
	t.Fatalf("no output %s in %+v", name, r.Outputs)
	return nil
}

// y = a*x + y, whichever way its arguments are given.
func TestArgumentsByName(t *testing.T) {
	want := []string{"1", "3", "5", "7"}
	for _, args := range [][]string{
		{"4", "2", "iota:f32:4", "ones:f32:4"},
		{"i32:4", "f32:2", "iota:f32:4", "ones:f32:4"},
		{"y=ones:f32:4", "x=iota:f32:4", "a=2", "n=4"},
		{"4", "y=ones:f32:4", "x=iota:f32:4", "a=2.0"},
		{"4=ones:f32:4", "3=iota:f32:4", "2=2", "1=4"},
		{"u32:4", "a=2", "iota:f32:4", "y=ones:f32:4"},
	} {
		assert.Equal(t, want, firstOf(t, script(t, arguments, "saxpy", 4, args...), "y"), args)
	}
}

func TestOneBufferForTwoParameters(t *testing.T) {
	s := script(t, arguments, "saxpy", 4, "4", "2", "@a", "@a+4")
	require.NoError(t, s.Buffers.Add("a=iota:f32:8"))
	assert.Equal(t, []string{"0", "1", "2", "3", "4", "7", "10", "13"}, firstOf(t, s, "a"))
	for arg, want := range map[string]string{
		"@b": "no buffer \"b\"; the buffers are a", "@a+8": "a has 8 numbers", "@a+x": "a buffer's name is wanted", "@": "a buffer's name is wanted",
	} {
		s := script(t, arguments, "saxpy", 4, "4", "2", "@a", arg)
		require.NoError(t, s.Buffers.Add("a=iota:f32:8"))
		_, err := Run(s)
		assert.ErrorContains(t, err, want)
	}
}

// sum = 2*x + bias + w + k[2] + n, and 100 if on, and 1000 if the mode is Scale: with x, bias and w of 0, 1, 2, 3.
func TestStructsByField(t *testing.T) {
	for text, want := range map[string][]string{
		"{bias: iota:f32:4, n: 10, in: {w: iota:f32:4, k: [1, 2, 5]}}":                         {"15", "19", "23", "27"},
		"{bias: iota:f32:4, n: i32:10, in: {w: iota:f32:4, k: iota:i16:3}, on: true, mode: 1}": {"1112", "1116", "1120", "1124"},
		"{mode: Scale, on: u8:1, in: [iota:f32:4, [0, 0, -2]], bias: iota:f32:4}":              {"1098", "1102", "1106", "1110"},
		"[iota:f32:4, 0, [iota:f32:4]]":                                                        {"0", "4", "8", "12"},
		"{bias: '@b', in: {w: b+0}}":                                                           {"0", "4", "8", "12"},
		"{bias: b, in: {w: b}, n: 0x10}":                                                       {"16", "20", "24", "28"},
	} {
		s := script(t, arguments, "nn::apply<2,float>", 4, "iota:f32:4", "y=empty:f32:4", "4", "layer="+text)
		require.NoError(t, s.Buffers.Add("b=iota:f32:4"))
		assert.Equal(t, want, firstOf(t, s, "y"), text)
	}
	for text, want := range map[string]string{
		"{w: null}":            `argument layer (nn::Layer): there is no field "w"; the fields are float* bias, int n, nn::Inner in, bool on, nn::Mode mode`,
		"{n: f32:1}":           `layer.n (int): "f32:1" is of another type: give i32`,
		"{in: {k: [1,2,3,4]}}": "layer.in.k (short[3]): 4 values are too many",
		"{in: 4}":              `layer.in (nn::Inner): "4" is no struct: give its fields`,
		"{n: [1]}":             "layer.n (int): it is neither an array nor a struct",
		"{n: {a: 1}}":          "layer.n (int): it is no struct with fields",
		"{bias: 3":             "wanted is {field: value",
		"7":                    "is no struct: give its fields, as in {bias: zeros:f32:1024, n: 16, in: {w: random:f32:1024, k: [16]}, on: true, mode: 16}",
		"hex:00":               "1 bytes, wanted are 40",
		"hex:0":                "hexadecimal digits",
		"zeros:f32:4":          "is device memory, and this is no pointer",
	} {
		var v Values
		err := v.Add("layer=" + text)
		if err == nil {
			_, err = Run(script(t, arguments, "nn::apply<2,float>", 4, "iota:f32:4", "y=empty:f32:4", "4", "layer="+text))
		}
		assert.ErrorContains(t, err, want, text)
		assert.ErrorAs(t, err, new(*NotUnderstoodError), text)
	}
}

// A pointer may be given what it is to: numbers, or structs with pointers of their own.
func TestValuesBehindPointers(t *testing.T) {
	assert.Equal(t, []string{"1", "3", "5", "7"}, firstOf(t, script(t, arguments, "saxpy", 4, "4", "2", "[0, 1, 2, 3]", "y=[1, 1, f32:1, 1.0]"), "y"))
	text, err := os.ReadFile(arguments)
	require.NoError(t, err)
	layer := readDebugInfo(text).kernels["_ZN2nn5applyILi2EfEEvPKT0_PS1_iNS_5LayerE"][3].kind
	pointer := place{name: "p", kind: &dwarf.PtrType{CommonType: dwarf.CommonType{ByteSize: 8}, Type: layer}, bytes: make([]byte, 8)}
	r := newRunner(&Script{Chip: sim.Chips()[0]})
	var v Values
	require.NoError(t, v.Add("[{n: 3}, {n: 4, bias: [1, 2], mode: Scale}]"))
	require.NoError(t, r.encode(pointer, v[0].node))
	content := make([]byte, 2*layer.Size())
	require.NoError(t, r.device.Read(load(pointer.bytes, 8), content))
	second := content[layer.Size():]
	assert.EqualValues(t, 3, load(content[8:], 4))
	assert.EqualValues(t, 4, load(second[8:], 4))
	assert.EqualValues(t, 1, load(second[36:], 4), "Scale")
	bias := make([]byte, 8)
	require.NoError(t, r.device.Read(load(second, 8), bias))
	assert.Equal(t, numberTypes["f32"].put(numberTypes["f32"].put(nil, 1), 2), bias)
	assert.Equal(t, []string{"p[1].bias", "p"}, []string{r.buffers[0].name, r.buffers[1].name})
	require.NoError(t, v.Add("[1]"))
	assert.ErrorContains(t, r.encode(place{name: "any", kind: &dwarf.PtrType{Type: &dwarf.VoidType{}}, bytes: make([]byte, 8)}, v[1].node), "give a buffer")
}

func TestWrongTypesAreRefused(t *testing.T) {
	good := map[string]string{"n": "4", "a": "2", "x": "iota:f32:4", "y": "ones:f32:4"}
	for arg, want := range map[string]string{
		"n=f32:4":        `n (int): "f32:4" is of another type: give i32, or the number alone`,
		"n=4.5":          `n (int): "4.5" is no i32`,
		"n=i64:4":        `n (int): "i64:4" has 8 bytes, wanted are 4: give i32`,
		"n=zeros:i32:4":  "n (int): \"zeros:i32:4\" is device memory, and this is no pointer: give i32",
		"a=i32:2":        `a (float): "i32:2" is of another type: give f32`,
		"x=4":            `x (const float*): "4" is no device memory`,
		"x=u64:4":        `x (const float*): "u64:4" is a number; device memory is wanted, as in random:f32:1024`,
		"x=iota:i32:4":   `x (const float*): "iota:i32:4" holds i32, the pointer is to const float: give f32, or u8 for bytes of any kind`,
		"x=random:f16:4": "holds f16, the pointer is to const float",
		"x=iota:f64:4":   "holds f64, the pointer is to const float",
		"z=1":            "there is no parameter z in saxpy(int n, float a, const float* x, float* y)",
		"5=1":            "there is no parameter 5",
		"x=what":         `"what" is no device memory`,
		"n=what:1":       `n (int): "what:1" is no value; the forms are`,
	} {
		args := []string{arg}
		for name, value := range good {
			if name != arg[:1] {
				args = append(args, name+"="+value)
			}
		}
		_, err := Run(script(t, arguments, "saxpy", 4, args...))
		assert.ErrorContains(t, err, want, arg)
		assert.ErrorAs(t, err, new(*NotUnderstoodError), arg)
	}
	_, err := Run(script(t, arguments, "saxpy", 4, "n=4", "2", "iota:f32:4", "ones:f32:4", "1=4"))
	assert.ErrorContains(t, err, "argument n was given twice")
	assert.Equal(t, []string{"1", "1"}, firstOf(t, script(t, arguments, "copy", 2, "ones:f16:2", "empty:f16:2"), "to"))
	_, err = Run(script(t, arguments, "copy", 2, "ones:bf16:2", "empty:f16:2"))
	assert.ErrorContains(t, err, "holds bf16, the pointer is to const __half: give f16")
	assert.Equal(t, "0", firstOf(t, script(t, arguments, "copy", 2, "zeros:u8:4", "empty:f16:2"), "to")[0], "bytes of any kind")
}

// Where nothing but the PTX tells the types, a float for an integer is still refused.
func TestTypesOfPTX(t *testing.T) {
	_, err := Run(script(t, bugs, "read_past_end", 32, "zeros:f32:128", "zeros:f32:128", "f32:128"))
	assert.ErrorContains(t, err, `3 (32-bit integer): "f32:128" is of another type: give i32`)
}

// The answer to missing arguments is a command that works.
func TestMissingArguments(t *testing.T) {
	s := script(t, arguments, "saxpy", 4, "n=4", "y=ones:f32:4")
	s.Command = "cnn-gpu sim arguments.ptx --kernel saxpy --arg n=4 --arg y=ones:f32:4"
	_, err := Run(s)
	require.ErrorAs(t, err, new(*NotUnderstoodError))
	for _, part := range []string{
		"saxpy(int n, float a, const float* x, float* y): arguments are missing:\n", "  a            float                    as in --arg a=0.5\n",
		"  x            const float*             as in --arg x=random:f32:1024\n",
		"for example:\n  cnn-gpu sim arguments.ptx --kernel saxpy --arg n=4 --arg y=ones:f32:4 --arg a=0.5 --arg x=random:f32:1024",
	} {
		assert.ErrorContains(t, err, part)
	}
	_, err = Run(script(t, arguments, "nn::apply<2, float>", 4))
	assert.ErrorContains(t, err, "--arg 'layer={bias: zeros:f32:1024, n: 16, in: {w: random:f32:1024, k: [16]}, on: true, mode: 16}'")
	_, err = Run(script(t, kernels, "copy_straight", 4))
	assert.ErrorContains(t, err, "--arg 1=zeros:u8:65536")
}

func TestVariables(t *testing.T) {
	table := filepath.Join(t.TempDir(), "table")
	require.NoError(t, os.WriteFile(table, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}, 0o644))
	for text, want := range map[string][]string{"iota:f32:4": {"10", "11", "12", "13"}, "[1, f32:2, 0.5]": {"11", "12", "10.5", "10"}, "in:" + table: {"11", "12", "10", "10"}} {
		s := script(t, arguments, "variables", 4, "y=empty:f32:4")
		require.NoError(t, s.Buffers.Add("b=zeros:f32:4"))
		for _, set := range []string{"nn::table=" + text, "counter=10", "target=@b"} {
			require.NoError(t, s.Variables.Add(set))
		}
		assert.Equal(t, want, firstOf(t, s, "y"), text)
	}
	for set, want := range map[string]string{
		"nothing=1":             "no __constant__ or __device__ variable nothing; there are nn::counter, nn::table, nn::target",
		"table=iota:f32:5":      "variable table (float[4]): \"iota:f32:5\": contents of at most 16 bytes are wanted",
		"table=empty:f32:4":     "contents of at most 16 bytes are wanted",
		"counter=f32:1":         `counter (int): "f32:1" is of another type`,
		"table=[1, 2, 3, 4, 5]": "5 values are too many",
	} {
		s := script(t, arguments, "variables", 4, "y=empty:f32:4")
		require.NoError(t, s.Variables.Add(set))
		_, err := Run(s)
		assert.ErrorContains(t, err, want)
		assert.ErrorAs(t, err, new(*NotUnderstoodError))
	}
}
