package inspect

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/inspect/cufile"
)

// compiler gives NVRTC, or skips the test where there is none.
func compiler(t *testing.T) *nvrtc.Library {
	l, err := nvrtc.Open()
	if err != nil {
		var missing *nvrtc.NotFoundError
		if errors.As(err, &missing) && strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "nvrtc") {
			require.NoError(t, err)
		}
		t.Skip(err)
	}
	return l
}

var update = flag.Bool("update", false, "write testdata/arguments.ptx anew")

// The stored PTX with debug data, which tests read where there is no NVRTC, has the kernels of its source.
func TestStoredPTXIsCurrent(t *testing.T) {
	l := compiler(t)
	source, err := os.ReadFile("testdata/arguments.cu")
	require.NoError(t, err)
	made, err := l.Compile(nvrtc.Source{Name: "arguments.cu", Text: string(source)}, "--gpu-architecture=compute_80", "-G")
	require.NoError(t, err)
	if *update {
		here, err := os.Getwd()
		require.NoError(t, err)
		text := strings.ReplaceAll(strings.TrimRight(string(made.Image), "\x00"), `"`+here+"/", `"`)
		require.NoError(t, os.WriteFile(arguments, []byte(text), 0o644))
	}
	stored, err := os.ReadFile(arguments)
	require.NoError(t, err)
	short := func(ptx []byte) string { // NVRTC 13 names structs without their namespace
		return strings.ReplaceAll(strings.Join(kernelsIn(t, ptx), "\n"), "nn::Layer", "Layer")
	}
	assert.Equal(t, short(made.Image), short(stored))
}

// kernelsIn lists the kernels of PTX as declarations.
func kernelsIn(t *testing.T, ptx []byte) (all []string) {
	m, err := sim.NewDevice(sim.Chips()[0], sim.Options{}).Load(ptx)
	require.NoError(t, err)
	for _, name := range m.KernelNames() {
		params, err := m.Params(name)
		require.NoError(t, err)
		all = append(all, newKernel(name, params, readDebugInfo(ptx)).String())
	}
	return all
}

// CUDA C++ of the user's own: with a header beside it, a macro from outside, and the file's real path in findings.
func TestCompile(t *testing.T) {
	compiler(t)
	folder := t.TempDir()
	file := filepath.Join(folder, "scale.cu")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "factor.cuh"), []byte("#pragma once\nconstexpr float factor = 3;\n"), 0o644))
	require.NoError(t, os.WriteFile(file, []byte(`#include "factor.cuh"
__global__ void scale(const float* x, float* y, int n) {
  int i = threadIdx.x;
  if (i < n) y[i] = factor * x[i] + OFFSET;
}
`), 0o644))
	s := script(t, file, "", 64, "iota:f32:50", "y=empty:f32:50", "n=50")
	_, err := Run(s)
	assert.ErrorAs(t, err, new(*NotUnderstoodError))
	assert.Equal(t, []cufile.Diagnostic{{File: file, Line: 4, Text: `identifier "OFFSET" is undefined`}}, diagnostics(err))
	s.Compiler = []string{"-DOFFSET=1"}
	result, err := Run(s)
	require.NoError(t, err)
	assert.Empty(t, result.Findings)
	assert.Equal(t, []string{"1", "4", "7"}, result.Outputs[1].First[:3])

	s = script(t, file, "scale", 64, "iota:f32:50", "y=empty:f32:50", "n=51")
	s.Compiler = []string{"-DOFFSET=1"}
	result, err = Run(s)
	require.NoError(t, err)
	require.Len(t, result.Findings, 1)
	assert.Equal(t, file, result.Findings[0].Source.File)
	assert.Equal(t, 4, result.Findings[0].Source.Line)
	assert.Equal(t, "the array x", result.Findings[0].Array)
}

// A template is instantiated by the name that is asked for, whether or not the source does it.
func TestTemplates(t *testing.T) {
	compiler(t)
	s := script(t, "testdata/arguments.cu", "nn::apply<5, float>", 4, "ones:f32:4", "y=empty:f32:4", "n=4", "layer={bias: zeros:f32:4, in: {w: zeros:f32:4}}")
	r, err := Run(s)
	require.NoError(t, err)
	assert.Equal(t, []string{"5", "5", "5", "5"}, r.Outputs[1].First)
	assert.Equal(t, "nn::apply<5, float>", r.Launches[0].Kernel.Name)
	_, err = Run(script(t, "testdata/arguments.cu", "nn::apply<oops>", 4))
	assert.ErrorContains(t, err, "oops")
	contents, err := List(script(t, "testdata/arguments.cu", "", 1))
	require.NoError(t, err)
	assert.Len(t, contents.Kernels, 8)
	assert.Equal(t, []string{"nn::apply<int N, typename T>"}, contents.Templates)
}
