package cufile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver/nvrtc"
)

// write writes files into a new folder, and skips the test where there is no NVRTC.
func write(t *testing.T, files map[string]string) (folder string) {
	t.Helper()
	if _, err := nvrtc.Open(); err != nil {
		var missing *nvrtc.NotFoundError
		if errors.As(err, &missing) && strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "nvrtc") {
			require.NoError(t, err)
		}
		t.Skip(err)
	}
	folder = t.TempDir()
	t.Setenv("CNN_GPU_KERNELS", filepath.Join(folder, "cache"))
	for name, text := range files {
		file := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	return folder
}

const arch = "--gpu-architecture=compute_80"

// TestAsItIs compiles a file with all that a host's program has.
func TestAsItIs(t *testing.T) {
	folder := write(t, map[string]string{
		"src/deep/main.cu": `#include <stdio.h>
#include <vector>
#include <iostream>
#include <cuda_runtime.h>
#include <cublas_v2.h>
#include "helper_cuda.h"
#include "common.h"
#include <proj/types.h>
#include "gone.h"
using std::vector;
typedef std::vector<float> list;
static list all;
struct Timer { std::string name; cudaEvent_t start; Timer() { cudaEventCreate(&start); } };
template <typename T, int BLOCK> __global__ void scale(T* x, int n) {
  int i = blockIdx.x * BLOCK + threadIdx.x;
  if (i < n) x[i] = twice(x[i]) * std::min(FACTOR, FLT_MAX);
}
template <typename T> __global__ void deduced(T* x) { *x = Number(1); }
template <bool B> __global__ void nobody() {}
__global__ void plain(uint8_t* p) { *p = UINT8_MAX; }
void run(vector<float>& v) { const int block = 64 * 2; scale<float, block><<<1, block>>>(v.data(), 3); }
int main() {
  std::cout << "hello" << std::endl;
  Timer t;
  scale<double, 256><<<1, 2>>>(p, n);
  deduced<<<1, 1>>>(p);
}
`,
		"src/deep/common.h":    "#pragma once\n#include <string>\nstd::string text(int);\ninline void die() { exit(1); }\n__device__ inline float twice(float a) { return 2 * a; }\n",
		"include/proj/types.h": "typedef float Number;\n#define FACTOR 2.0f\n",
	})
	file := filepath.Join(folder, "src/deep/main.cu")
	p, err := Compile(file, nil, arch)
	require.NoError(t, err)
	assert.Contains(t, string(p.Debug), ".debug_info")
	ptx := string(p.PTX)
	for _, kernel := range []string{"scaleIfLi128EE", "scaleIdLi256EE", "deducedIfE", "5plainPh"} {
		assert.Contains(t, ptx, kernel)
	}
	assert.Equal(t, 4, strings.Count(ptx, ".entry "))
	assert.Contains(t, ptx, `"`+file+`"`)
	assert.Contains(t, ptx, `"`+filepath.Join(folder, "src/deep/common.h")+`"`)
	assert.Equal(t, []string{"nobody<bool B>"}, p.Templates)

	named := []string{"scale<int, 32>"}
	p, err = Compile(file, named, arch)
	require.NoError(t, err)
	assert.Equal(t, "_Z5scaleIiLi32EEvPT_i", p.Kernels[named[0]])
	assert.Len(t, p.Kernels, 1)
}

func TestErrors(t *testing.T) {
	t.Setenv(nvrtc.IncludeEnv, t.TempDir())
	folder := write(t, map[string]string{
		"bad.cu":      "#include <stdio.h>\n__global__ void k() { nowhere(); nowhere(); }\n",
		"half.cu":     "#include <cuda_fp16.h>\n__global__ void k(__half* x) {}\n",
		"block.cu":    "#include <cub/block/block_reduce.cuh>\n",
		"host.cu":     "struct Both { std::string name; };\n__global__ void k(Both b) {}\n",
		"gone.cu":     "#include \"mine/gone.h\"\n__global__ void k(Gone b) {}\n",
		"texture.cu":  "texture<float, 2> image;\n__global__ void k(float* x) { *x = tex2D(image, 1, 2); }\n",
		"helper.cu":   "float helper(float a) { return a; }\n__global__ void k(float* x) { *x = helper(*x); }\n",
		"template.cu": "template <int N> __global__ void k(int* x) { *x = N; }\n",
	})
	for name, want := range map[string][]string{
		"bad.cu":      {`/bad.cu:2: error: identifier "nowhere" is undefined`},
		"half.cu":     {`/half.cu:1: error: could not open source file "cuda_fp16.h"`, "nvidia-cuda-runtime", "make cuda-headers", "CUDA_HOME"},
		"block.cu":    {"nvidia-cuda-cccl", "make cuda-headers"},
		"host.cu":     {`/host.cu:2: error: identifier "Both" is undefined`, "Both was left out", "host.cu:1: error:"},
		"gone.cu":     {"mine/gone.h", "-I"},
		"helper.cu":   {"helper is a function of the host", "helper.cu:1", "__device__"},
		"texture.cu":  {"cudaTextureObject_t"},
		"template.cu": {`the instance k<float>`},
	} {
		var kernels []string
		if name == "template.cu" {
			kernels = []string{"k<float>"}
		}
		_, err := Compile(filepath.Join(folder, name), kernels, arch)
		var failed *Error
		require.ErrorAs(t, err, &failed, name)
		require.NotEmpty(t, failed.Diagnostics, name)
		for _, part := range want {
			assert.ErrorContains(t, err, part, name)
		}
		assert.NotContains(t, err.Error(), "\n  ", "%s: lines of the source", name)
	}
	_, err := Compile(filepath.Join(folder, "bad.cu"), nil, arch)
	assert.Equal(t, 1, strings.Count(err.Error(), "nowhere"), "an error is told once")
	_, err = Compile(filepath.Join(folder, "none.cu"), nil, arch)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// A kernel that does not compile spoils no other one.
func TestBroken(t *testing.T) {
	folder := write(t, map[string]string{"k.cu": "namespace n { __global__ void bad(int* x) { *x = nowhere; } }\n__global__ void good(int* x) { *x = 1; }\n"})
	p, err := Compile(filepath.Join(folder, "k.cu"), nil, arch)
	require.NoError(t, err)
	assert.Contains(t, string(p.PTX), ".entry _Z4good")
	require.Len(t, p.Broken, 1)
	assert.Equal(t, "n::bad", p.Broken[0].Name)
	assert.ErrorContains(t, p.Broken[0].Why, `k.cu:1: error: identifier "nowhere" is undefined`)
}

// A program is kept for the next time, and made anew when anything changes that it was made of.
func TestCache(t *testing.T) {
	folder := write(t, map[string]string{"k.cu": "#include \"n.h\"\n__global__ void k(int* x) { *x = N; }\n", "n.h": "#define N 4711\n"})
	file := filepath.Join(folder, "k.cu")
	first, err := Compile(file, nil, arch)
	require.NoError(t, err)
	kept, err := filepath.Glob(filepath.Join(folder, "cache", "*"))
	require.NoError(t, err)
	require.Len(t, kept, 1)
	again, err := Compile(file, nil, arch)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	count := func() int {
		kept, err := filepath.Glob(filepath.Join(folder, "cache", "*"))
		require.NoError(t, err)
		return len(kept)
	}
	assert.Equal(t, 1, count())
	require.NoError(t, os.WriteFile(kept[0], []byte("torn"), 0o644))
	again, err = Compile(file, nil, arch)
	require.NoError(t, err)
	assert.Equal(t, first, again)

	require.NoError(t, os.WriteFile(filepath.Join(folder, "n.h"), []byte("#define N 4712\n"), 0o644))
	other, err := Compile(file, nil, arch)
	require.NoError(t, err)
	assert.Contains(t, string(other.PTX), "4712")
	_, err = Compile(file, nil, arch, "-DX=1")
	require.NoError(t, err)
	assert.Equal(t, 3, count())
}

// TestStubs compiles what files use of the headers that stubs stand for. The values follow from C++'s standard.
func TestStubs(t *testing.T) {
	folder := write(t, map[string]string{"k.cu": `#include <torch/extension.h>
#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <limits>
#include <type_traits>
static_assert(std::numeric_limits<int>::max() == 2147483647 && std::numeric_limits<int>::min() == -2147483647 - 1);
static_assert(std::numeric_limits<unsigned char>::max() == 255 && std::numeric_limits<signed char>::lowest() == -128);
static_assert(std::numeric_limits<int64_t>::max() == INT64_MAX && sizeof(int64_t) == 8 && sizeof(intptr_t) == 8);
static_assert(std::numeric_limits<float>::lowest() == -FLT_MAX && std::numeric_limits<float>::infinity() > FLT_MAX);
static_assert(std::numeric_limits<double>::epsilon() == DBL_EPSILON && std::numeric_limits<float>::digits == 24);
static_assert(std::is_same_v<std::decay_t<const int&>, int> && std::is_same<std::decay_t<int[3]>, int*>::value);
static_assert(std::is_same_v<std::make_unsigned_t<int>, unsigned> && std::is_same_v<std::common_type_t<int, float>, float>);
static_assert(std::is_signed_v<float> && !std::is_signed_v<unsigned> && std::is_unsigned_v<bool> && !std::is_integral_v<float>);
static_assert(std::is_trivially_copyable_v<float4> && std::is_convertible_v<int, float> && !std::is_convertible_v<float4, int>);
static_assert(std::is_same_v<std::conditional_t<(1 > 2), int, float>, float> && std::conjunction_v<std::true_type, std::is_void<void>>);
static_assert(std::make_index_sequence<5>::size() == 5 && std::min(3, 2) == 2 && std::clamp(7, 1, 4) == 4);
static_assert(sizeof(at::Half) == 2 && std::is_same_v<at::acc_type<at::Half, true>, float> && std::is_same_v<at::opmath_type<double>, double>);
static_assert(sizeof(torch::PackedTensorAccessor32<float, 3>) == 8 + 2 * 3 * 4);
__global__ void k(torch::PackedTensorAccessor32<float, 2, torch::RestrictPtrTraits> a, at::Half* h, int n) {
  CUDA_KERNEL_LOOP(i, n) { a[i][1] += float(h[i]); h[i] = a[i][0]; gpuAtomicAdd(&a[0][0], 1.0f); }
}
torch::Tensor run(torch::Tensor t) { AT_DISPATCH_FLOATING_TYPES(t.scalar_type(), "run", [&] { k<<<1, 1>>>(t, 1); }); return t; }
PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("run", &run); }
`})
	p, err := Compile(filepath.Join(folder, "k.cu"), nil, arch)
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(p.PTX), ".entry "))
}

func TestParseLog(t *testing.T) {
	list := parseLog(`k.cu(2): error: identifier "a" is undefined
      a;
      ^

k.cu(2): error: identifier "a" is undefined

k.cu(7): warning #177-D: variable "b" was declared but never referenced

h.h(1): catastrophic error: cannot open source file "x.h"

k.cu(9): error: no
          detected during:
            instantiation of "void f(T) [with T=float]" at line 4
            instantiation of "void n::k<T,N>(T *) [with T=float, N=(int)3]"

__nv_name_map(2): error: identifier "B" is undefined
  #pragma nv_mangled_name k<B>
                            ^
`)
	require.Len(t, list, 4)
	assert.Equal(t, Diagnostic{"k.cu", 2, `identifier "a" is undefined`}, list[0].Diagnostic)
	assert.Equal(t, "x.h", list[1].missing)
	assert.Equal(t, "n::k<float, (int)3>", list[2].during)
	assert.Equal(t, "k<B>", list[3].instance)
	assert.True(t, sameInstance("n::k<float, 3u>", list[2].during))
	assert.False(t, sameInstance("n::j<float, 3>", list[2].during))
}
