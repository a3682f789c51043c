package compile_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim/compile"
	"cnn-gpu/device/sim/sass"
)

func library(t *testing.T) *nvrtc.Library {
	l, err := nvrtc.Open()
	if err != nil {
		if strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "nvrtc") {
			require.NoError(t, err)
		}
		t.Skip(err)
	}
	return l
}

// TestSource: the PTX is that which NVRTC makes for the virtual architecture, but for the name of the target, and the machine code is that
// of its kernel.
func TestSource(t *testing.T) {
	l := library(t)
	s := nvrtc.Source{Name: "scale.cu", Text: `extern "C" __global__ void scale(float *x, float a) { x[threadIdx.x] *= a; }`}
	code, err := compile.Source(l, s, "-arch=compute_80", "-lineinfo")
	require.NoError(t, err)
	assert.True(t, code.PTX)
	ptx, cubin, err := sass.Detach(code.Image)
	require.NoError(t, err)
	plain, err := l.Compile(s, "-arch=compute_80", "-lineinfo")
	require.NoError(t, err)
	assert.Equal(t, strings.TrimRight(string(plain.Image), "\x00\n"), string(ptx))
	functions, err := sass.Read(cubin)
	require.NoError(t, err)
	require.Len(t, functions, 1)
	assert.Equal(t, "scale", functions[0].Name)
}

// TestNoMachineCode: what the compiler to machine code refuses comes as PTX, and what is wrong is told once.
func TestNoMachineCode(t *testing.T) {
	l := library(t)
	newer := nvrtc.Source{Name: "newer.cu", Text: `extern "C" __global__ void k() { asm volatile("fence.proxy.async;"); }`}
	code, err := compile.Source(l, newer, "-arch=compute_80")
	require.NoError(t, err)
	_, cubin, err := sass.Detach(code.Image)
	require.NoError(t, err)
	assert.Empty(t, cubin)
	_, err = compile.Source(l, nvrtc.Source{Name: "wrong.cu", Text: "int x = y;"}, "-arch=compute_80")
	assert.ErrorContains(t, err, `identifier "y" is undefined`)
}
