//go:build cuda && cgo

package nvrtc

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// open gives NVRTC, or skips the test where there is none.
func open(t *testing.T) *Library {
	t.Helper()
	l, err := Open()
	if err != nil {
		if strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "nvrtc") {
			require.NoError(t, err)
		}
		t.Skip(err)
	}
	return l
}

const doubler = `#include "factor.h"
extern "C" __global__ void scale(float *x, int n) {
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i < n) x[i] *= FACTOR + OFFSET;
}`

func TestCompile(t *testing.T) {
	l := open(t)
	t.Logf("NVRTC %d.%d, %s", l.Major, l.Minor, l.Path)
	require.GreaterOrEqual(t, l.Major, 11)
	archs, err := l.Architectures()
	require.NoError(t, err)
	assert.Contains(t, archs, 80)
	assert.IsIncreasing(t, archs)

	s := Source{Name: "scale.cu", Text: doubler, Headers: map[string]string{"factor.h": "#define FACTOR 2.0f\n"}}
	ptx, err := l.Compile(s, "-arch=compute_80", "-DOFFSET=1", "-lineinfo")
	require.NoError(t, err)
	assert.True(t, ptx.PTX)
	assert.Contains(t, string(ptx.Image), ".visible .entry scale(")
	assert.Contains(t, string(ptx.Image), "0f40400000", "FACTOR + OFFSET is 3")
	assert.Equal(t, byte(0), ptx.Image[len(ptx.Image)-1])

	cubin, err := l.Compile(s, "-arch=sm_80", "-DOFFSET=1")
	require.NoError(t, err)
	assert.False(t, cubin.PTX)
	assert.True(t, bytes.HasPrefix(cubin.Image, []byte("\x7fELF")))
}

func TestCompileErrors(t *testing.T) {
	l := open(t)
	for name, c := range map[string]struct {
		text    string
		options []string
		log     string
	}{
		"syntax":         {"__global__ void f() { int x = ; }", []string{"-arch=compute_80"}, "wrong.cu(1)"},
		"missing header": {`#include "nowhere.h"`, []string{"-arch=compute_80"}, "nowhere.h"},
		"missing define": {"#ifndef TILE\n#error TILE is needed\n#endif", nil, "TILE is needed"},
		"architecture":   {"", []string{"-arch=sm_11"}, "with [-arch=sm_11]"},
		"option":         {"", []string{"--no-such-option"}, "no-such-option"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := l.Compile(Source{Name: "wrong.cu", Text: c.text}, c.options...)
			var compile *CompileError
			require.ErrorAs(t, err, &compile)
			assert.Contains(t, err.Error(), c.log)
			assert.Contains(t, compile.Result, "NVRTC_ERROR_")
		})
	}
}

// A template is instantiated by its name, and the answer says what the linker calls it.
func TestKernelsByTheirNames(t *testing.T) {
	l := open(t)
	const scale = `namespace math { template <typename T, int By> __global__ void scale(T* x) { *x *= By; } }`
	names := []string{"math::scale<float, 4>", "math::scale<int, 2>"}
	c, err := l.Compile(Source{Name: "scale.cu", Text: scale, Kernels: names}, "-arch=compute_80")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{names[0]: "_ZN4math5scaleIfLi4EEEvPT_", names[1]: "_ZN4math5scaleIiLi2EEEvPT_"}, c.Kernels)
	for _, name := range c.Kernels {
		assert.Contains(t, string(c.Image), ".entry "+name+"(")
	}
	_, err = l.Compile(Source{Name: "scale.cu", Text: scale, Kernels: []string{"math::scale<Unknown, 4>"}}, "-arch=compute_80")
	var compile *CompileError
	require.ErrorAs(t, err, &compile)
	assert.Contains(t, compile.Log, "Unknown")
}

func TestCompileFromManyGoroutines(t *testing.T) {
	l := open(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			c, err := l.Compile(Source{Name: "k.cu", Text: `extern "C" __global__ void k() {}`}, "-arch=compute_80")
			if assert.NoError(t, err) {
				assert.Contains(t, string(c.Image), ".entry k(")
			}
		})
	}
	wg.Wait()
}

// A driver of CUDA 11.4 can't run the code of a later major version.
func TestOpenForDriver(t *testing.T) {
	l := open(t)
	if os.Getenv("CNN_GPU_NVRTC") != "" {
		t.Skip("CNN_GPU_NVRTC decides")
	}
	same, err := OpenFor(l.Major*1000 + 10)
	require.NoError(t, err)
	assert.Equal(t, l.Major, same.Major)
	_, err = OpenFor(10020)
	var missing *NotFoundError
	require.ErrorAs(t, err, &missing)
	assert.Contains(t, err.Error(), "the driver knows CUDA up to 10.2")
	assert.Contains(t, err.Error(), "`pip install nvidia-cuda-nvrtc-cu11` fetches it")
	for driver, want := range map[int]string{10020: "-cu11", 11080: "-cu11", 12000: "-cu12<12.1'", 12040: "-cu12<12.5'", 13000: "nvrtc<13.1'"} {
		assert.True(t, strings.HasSuffix(Package(driver), want), Package(driver))
	}
	for driver, want := range map[int]string{0: "make nvrtc", 11080: "-cu11", 12040: "make nvrtc", 12090: "make nvrtc", 13000: "make nvrtc"} {
		assert.Contains(t, Mend(driver), want, driver)
	}
}

func TestChosenLibrary(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CNN_GPU_NVRTC", dir)
	_, err := OpenFor(0)
	assert.ErrorContains(t, err, "holds no libnvrtc.so")

	file := filepath.Join(dir, "libnvrtc.so.12")
	require.NoError(t, os.WriteFile(file, []byte("not a library"), 0o644))
	_, err = OpenFor(0)
	assert.ErrorContains(t, err, file)

	t.Setenv("CNN_GPU_NVRTC", filepath.Join(dir, "nothing.so"))
	_, err = OpenFor(0)
	assert.ErrorContains(t, err, "nothing.so")

	t.Setenv("CNN_GPU_NVRTC", "libm.so.6")
	_, err = OpenFor(0)
	assert.ErrorContains(t, err, "has no nvrtcVersion")
}

// What the search finds must load by its file alone, with the builtins beside it.
func TestLoadByFile(t *testing.T) {
	l := open(t)
	t.Setenv("CNN_GPU_NVRTC", filepath.Dir(l.Path))
	again, err := OpenFor(0)
	require.NoError(t, err)
	_, err = again.Compile(Source{Name: "k.cu", Text: `extern "C" __global__ void k(float *x) { *x = __expf(*x); }`}, "-arch=compute_80")
	require.NoError(t, err)
}

// A library that is named by hand is checked like one that was found.
func TestTooNewForTheDriver(t *testing.T) {
	l := open(t)
	t.Setenv("CNN_GPU_NVRTC", l.Path)
	_, err := OpenFor(1000 * (l.Major - 1))
	assert.ErrorContains(t, err, "the driver knows CUDA up to")
	assert.ErrorContains(t, err, "update the driver")
	assert.ErrorContains(t, err, "CNN_GPU_NVRTC is "+l.Path)
	same, err := OpenFor(1000 * l.Major)
	require.NoError(t, err)
	assert.Equal(t, l.Major, same.Major)
}

func TestArchitectureFor(t *testing.T) {
	l := open(t)
	known, err := l.Architectures()
	require.NoError(t, err)
	for capability, want := range map[int]string{80: "sm_80", 81: "compute_80", 999: fmt.Sprintf("compute_%d", known[len(known)-1])} {
		arch, err := l.ArchitectureFor(capability)
		require.NoError(t, err)
		assert.Equal(t, want, arch)
	}
	_, err = l.ArchitectureFor(20)
	assert.ErrorContains(t, err, "the GPU has 2.0: an older NVRTC may know it")
}
