package hostcode

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// stripped is a text without host code, without blank lines and blanks at line ends.
func stripped(text string) string {
	macros := Macros{}
	macros.Collect(text)
	return squeeze(Read(text, macros).Text())
}

func squeeze(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, " \n"); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// TestStrip holds what stays of each text: all that no row names is for the host.
func TestStrip(t *testing.T) {
	const kernel = "__global__ void k(float* x) { *x = 1; }"
	for name, test := range map[string]struct{ text, want string }{
		"main":                {"int main() { k<<<1, 2>>>(p); return 0; }\n" + kernel, kernel},
		"declarations":        {"void run(int n);\nextern \"C\" float f(void);\n" + kernel, kernel},
		"variables":           {"float *host = NULL, other;\nstatic std::vector<int> list = {1, 2};\nint grid[3] = {1, 2, 3};\nconst int n = 4;", "const int n = 4;"},
		"device variables":    {"__device__ int a;\n__constant__ float b[4] = {1};\nextern __shared__ char c[];", "__device__ int a;\n__constant__ float b[4] = {1};\nextern __shared__ char c[];"},
		"both":                {"__host__ __device__ inline int f() { return 1; }", "__host__ __device__ inline int f() { return 1; }"},
		"constexpr":           {"constexpr int f(int a) { return a; }\nint g(int a) { return a; }", "constexpr int f(int a) { return a; }"},
		"macro":               {"#define HD __host__ __device__\nHD int f() { return 1; }\nint g() { return 1; }", "#define HD __host__ __device__\nHD int f() { return 1; }"},
		"macro of a macro":    {"#define D __device__\n#define FN static D\nFN int f();\nint g();", "#define D __device__\n#define FN static D\nFN int f();"},
		"unknown macro":       {"CUTLASS_HOST_DEVICE int f() { return 1; }\nCUTLASS_HOST int g();", "CUTLASS_HOST_DEVICE int f() { return 1; }"},
		"comment":             {"/* } */ void f() { // }\n  /* { */ }\n" + kernel, "/* } */\n" + kernel},
		"strings":             {"void f() { puts(\"}\\\"{\"); char c = '}'; char d = '\\''; }\n" + kernel, kernel},
		"raw string":          {"const char* s = R\"x(} )\" void f() { )x\";\nvoid f() { }\n" + kernel, "const char* s = R\"x(} )\" void f() { )x\";\n" + kernel},
		"digits":              {"int n() { return 1'000'000; }\n" + kernel, kernel},
		"continued line":      {"#define A(x) { \\\n  x\nvoid f() { A(1) }\n" + kernel, "#define A(x) { \\\n  x\n" + kernel},
		"continued comment":   {"// it's \\\n void f() {\n" + kernel, "// it's \\\n void f() {\n" + kernel},
		"never":               {"#if 0\nvoid f() { don't\n#else\nvoid g() {}\n#endif\n" + kernel, "#if 0\nvoid f() { don't\n#else\n#endif\n" + kernel},
		"branches":            {"#ifdef A\nvoid f(int a) {\n#else\nvoid f(float a) {\n#endif\n}\n" + kernel, "#ifdef A\n#else\n#endif\n" + kernel},
		"branches at an end":  {"int f(int a,\n#ifdef A\n  int b);\n#else\n  float b);\n#endif\n" + kernel, "#ifdef A\n#else\n#endif\n" + kernel},
		"balanced branches":   {"#ifdef A\nvoid f() {}\n#else\n__device__ void f() {}\n#endif\n", "#ifdef A\n#else\n__device__ void f() {}\n#endif"},
		"extern C":            {"#ifdef __cplusplus\nextern \"C\" {\n#endif\nvoid f();\n" + kernel + "\n#ifdef __cplusplus\n}\n#endif", "#ifdef __cplusplus\nextern \"C\" {\n#endif\n" + kernel + "\n#ifdef __cplusplus\n}\n#endif"},
		"namespaces":          {"namespace a::b { namespace { void f(); " + kernel + " } } inline namespace v { int g() {} }", "namespace a::b { namespace {           " + kernel + " } } inline namespace v {            }"},
		"template":            {"template <typename T, int N = (1 > 0)> void f(T) {}\ntemplate <class T> __global__ void g(T*) {}", "template <class T> __global__ void g(T*) {}"},
		"instantiation":       {"template void run<float>(float*);\ntemplate __global__ void k<int>(int*);", "template __global__ void k<int>(int*);"},
		"launch bounds":       {"__launch_bounds__(256) __global__ void k() {}\n__global__ void __launch_bounds__(N * 2, 4)\nq() {}", "__launch_bounds__(256) __global__ void k() {}\n__global__ void __launch_bounds__(N * 2, 4)\nq() {}"},
		"types":               {"typedef void (*callback)(int);\nusing T = float;\nenum { A, B };\nenum class E : int { X };", "typedef void (*callback)(int);\nusing T = float;\nenum { A, B };\nenum class E : int { X };"},
		"struct":              {"struct P { int n; P(int a) : n(a) {} __device__ int f() const { return n; } int g() { return 1; } };", "struct P { int n;                    __device__ int f() const { return n; }                       };"},
		"struct of functions": {"struct P { void (*f)(int); int (P::*g)(); float h[2]; P() = default; virtual int v(); };", "struct P { void (*f)(int); int (P::*g)(); float h[2]; P() = default; virtual int v(); };"},
		"alignment":           {"struct __align__(16) V { float x, y; };\nstruct alignas(8) W { int a; };", "struct __align__(16) V { float x, y; };\nstruct alignas(8) W { int a; };"},
		"returns a struct":    {"struct P f(int a) { struct P p; return p; }\n" + kernel, kernel},
		"constructor":         {"A::A(int n) : x{n}, y(1), B<int>(2) { go(); }\n" + kernel, kernel},
		"operator":            {"P operator+(P a, P b) { return a; }\n__device__ bool operator<(P a, P b) { return true; }\n__device__ int F::operator()(int a) const { return a; }", "__device__ bool operator<(P a, P b) { return true; }\n__device__ int F::operator()(int a) const { return a; }"},
		"trailing type":       {"auto f(int a) -> decltype(a) { return a; }\n" + kernel, kernel},
		"lambda":              {"auto f = [](int x) { return x; };\n" + kernel, kernel},
		"macro call":          {"REGISTER(k)\n" + kernel + "\nTEST(a, b) { k<<<1, 1>>>(); }", "REGISTER(k)\n" + kernel},
		"include inside":      {"void f() {\n#include \"body.inc\"\n#define N 4\n}\n" + kernel, "#define N 4\n" + kernel},
		"brace too many":      {"}\nvoid f() {}\n" + kernel, "}\n" + kernel},
		"open":                {kernel + "\nvoid f() {", kernel},
		"shift":               {"const int n = 1 << 4;\nint m() { return a < b && c > d; }\n" + kernel, "const int n = 1 << 4;\n" + kernel},
		"attributes":          {"[[nodiscard]] int f() { return 1; }\n[[maybe_unused]] __device__ int g() { return 1; }", "[[maybe_unused]] __device__ int g() { return 1; }"},
	} {
		assert.Equal(t, test.want, stripped(test.text), name)
	}
}

// Lines and their lengths stay, so that a compiler's messages are right.
func TestLinesStay(t *testing.T) {
	const text = "int main() {\n\treturn 0;\r\n}\n__global__ void k() {}\n"
	got := Read(text, Macros{}).Text()
	assert.Len(t, got, len(text))
	assert.Equal(t, strings.Count(text, "\n"), strings.Count(got, "\n"))
	assert.Equal(t, strings.Index(text, "__global__"), strings.Index(got, "__global__"))
}

func TestDrop(t *testing.T) {
	f := Read(`using std::vector;
struct Host {
  std::string name;
};
struct Both {
  int n;
  virtual std::string text();
};
__global__ void k(int* p) { *p = 1; }
const std::string a = "x";
`, Macros{})
	for line, want := range map[int]string{3: "Host", 10: ""} {
		name, ok := f.Drop(line, Host)
		assert.True(t, ok, line)
		if want != "" {
			assert.Equal(t, want, name)
		}
	}
	_, ok := f.Drop(9, Host)
	assert.False(t, ok, "a kernel stays")
	_, ok = f.Drop(1, Host)
	assert.True(t, ok)
	_, ok = f.Drop(1, Host)
	assert.False(t, ok, "it has gone")
	_, ok = f.Drop(9, Device)
	assert.False(t, ok, "a kernel stays")
	assert.Equal(t, "struct Both {\n  int n;\n  virtual std::string text();\n};\n__global__ void k(int* p) { *p = 1; }", squeeze(f.Text()))
	name, ok := f.Drop(9, Kernels)
	assert.True(t, ok)
	assert.Equal(t, "k", name)

	f = Read("struct S {\n  using B = std::list<int>;\n  __device__ B f() { return B(); }\n  int n;\n};\n", Macros{})
	name, ok = f.Drop(2, Host)
	assert.True(t, ok)
	assert.Equal(t, "S::", name)
	_, ok = f.Drop(3, Host)
	assert.False(t, ok)
	name, ok = f.Drop(3, Device)
	assert.True(t, ok)
	assert.Equal(t, "S::f", name)
	assert.Equal(t, "struct S {\n  int n;\n};", squeeze(f.Text()))
}

func TestInstances(t *testing.T) {
	const text = `#define WIDTH 8
namespace net {
template <int N> __global__ void soft(float*);
template <typename T, int N> BOUNDS(256) __global__ void scale(T*) {}
template <typename T = double> __global__ void plain(T*) {}
template <bool B> __global__ void none() {}
}
template <typename scalar> void run(float* p) {
  constexpr int half = 128;
  const int n = half * 2;
  using T = float4;
  typedef unsigned char byte;
  net::soft<256><<<1, n>>>(p);
  net::scale<T, n><<<g, b>>>(p);
  auto k = &net::scale<byte, WIDTH>;
  net::scale<scalar, 2><<<g, b>>>(p);
  if (a < b) net::plain<<<1, 1>>>(p);
}
`
	f := Read(text, Macros{})
	templates := f.Templates()
	var names, defaults []string
	for _, one := range templates {
		names = append(names, one.String())
		defaults = append(defaults, one.Default())
	}
	assert.Equal(t, []string{"net::soft<int N>", "net::scale<typename T, int N>", "net::plain<typename T = double>", "net::none<bool B>"}, names)
	assert.Equal(t, []string{"", "", "net::plain<double>", ""}, defaults)
	assert.Equal(t, []string{"net::soft<256>", "net::scale<float4, (128 * 2)>", "net::scale<unsigned char, WIDTH>", "net::scale<float, 2>"},
		[]string{f.Instances(templates)[0], f.Instances(templates)[1], strings.NewReplacer("(", "", ")", "").Replace(f.Instances(templates)[2]), f.Instances(templates)[3]})
}

func TestIncludes(t *testing.T) {
	const text = "#include <cub/cub.cuh>\n# include \"a b.h\" // x\n#if 0\n#include \"never.h\"\n#endif\nvoid f() {\n#include \"inside.h\"\n}\n#include NAME\n"
	f := Read(text, Macros{})
	list := f.Includes()
	assert.Len(t, list, 2)
	assert.Equal(t, "cub/cub.cuh", list[0].Name)
	assert.False(t, list[0].Quoted)
	assert.Equal(t, Include{Name: "a b.h", Quoted: true, Line: 2, start: list[1].start, end: list[1].end}, list[1])
	assert.Contains(t, f.Redirect(map[Include]string{list[1]: "/x/a b.h"}), "# include \"/x/a b.h\" // x\n")
	assert.Len(t, Includes(text), 3)
}

// FuzzRead holds that any text is read, that lines stay, and that a second time nothing more is taken out of it.
func FuzzRead(f *testing.F) {
	for _, text := range []string{"int main() { k<<<1, 2>>>(); }", "#if 0\n#else\n{", "struct S : B<1 < 2> { S() : a{1} {} };", "R\"(", "template <", "/*", "'", "\"\\", "operator", "x(", "a<b", "#define A(", "#include <"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		macros := Macros{}
		macros.Collect(text)
		file := Read(text, macros)
		got := file.Text()
		assert.Len(t, got, len(text))
		assert.Equal(t, strings.Count(text, "\n"), strings.Count(got, "\n"))
		file.Instances(file.Templates())
		file.Redirect(nil)
		for line := range 20 {
			file.Drop(line, Level(line%3))
		}
		assert.Len(t, file.Text(), len(text))
	})
}
