package inspect

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim"
)

// request runs a kernel of the simulator's own tests.
func request(file, kernel string, threads uint32, args ...string) Request {
	return Request{File: file, Kernel: kernel, Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{threads, 1, 1}, Args: args,
		Chip: sim.Chips()[0], Options: sim.Options{Checks: sim.AllChecks, Workers: 1}}
}

const (
	kernels = "../testdata/kernels.ptx"
	bugs    = "../testdata/bugs.ptx"
)

func TestRun(t *testing.T) {
	in, out := filepath.Join(t.TempDir(), "in"), filepath.Join(t.TempDir(), "out")
	var content []byte
	for i := range 32 {
		content = binary.LittleEndian.AppendUint32(content, math.Float32bits(float32(i)/2))
	}
	require.NoError(t, os.WriteFile(in, content, 0o644))
	r, err := Run(request(kernels, "copy_straight", 32, "in:"+in, "out:"+out+":f32:32"))
	require.NoError(t, err)
	assert.Empty(t, r.Findings)
	saved, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, content, saved)
	require.Len(t, r.Outputs, 2)
	assert.Equal(t, []string{"0", "0.5", "1", "1.5", "2", "2.5", "3", "3.5"}, r.Outputs[1].First)
	assert.Equal(t, out, r.Outputs[1].File)
	assert.EqualValues(t, 4, r.Counters.Memory.GlobalLoadSectors)

	var text strings.Builder
	require.NoError(t, r.Print(&text))
	for _, part := range []string{"No findings.", "0 0.5 1", "written to " + out, "warp instructions", "estimate"} {
		assert.Contains(t, text.String(), part)
	}
	encoded, err := json.Marshal(r)
	require.NoError(t, err)
	var back Result
	require.NoError(t, json.Unmarshal(encoded, &back))
	assert.Equal(t, r.Counters, back.Counters)
}

func TestAdvice(t *testing.T) {
	r, err := Run(request(bugs, "barrier_after_exit", 64, "zeros:f32:64", "empty:f32:64", "u32:64"))
	require.NoError(t, err)
	assert.Equal(t, 0, r.Count(sim.Error))
	assert.Equal(t, 1, r.Count(sim.Advice))
	assert.Len(t, r.Outputs, 2, "advice does not end the run")
	var text strings.Builder
	require.NoError(t, r.Print(&text))
	assert.Contains(t, text.String(), "No errors.\n\n1 piece of advice")
	assert.Contains(t, text.String(), "1. divergent barrier")
}

func TestFindings(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	r, err := Run(request(bugs, "read_past_end", 128, "zeros:f32:128", "out:"+out+":512", "u32:128"))
	require.NoError(t, err)
	require.Len(t, r.Findings, 1)
	assert.True(t, r.Fatal)
	assert.Equal(t, sim.OutOfBounds, r.Findings[0].Kind)
	assert.NoFileExists(t, out, "half a result is none")
	var text strings.Builder
	require.NoError(t, r.Print(&text))
	for _, part := range []string{"1 finding", "out of bounds", "bugs.cu:22", "PTX      line ", "thread   127,0,0", "ended the kernel"} {
		assert.Contains(t, text.String(), part)
	}
}

func TestPrinted(t *testing.T) {
	r, err := Run(request(kernels, "print", 32, "ones:f32:32", "empty:f32:32"))
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(r.Printed, "of a block:  1.00"))
	var text strings.Builder
	require.NoError(t, r.Print(&text))
	assert.Contains(t, text.String(), r.Printed)
}

func TestRunErrors(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.ptx")
	require.NoError(t, os.WriteFile(broken, []byte(".version 8.8\nnonsense"), 0o644))
	good := []string{"zeros:f32:32", "empty:f32:32"}
	for name, test := range map[string]struct {
		request Request
		want    string
	}{
		"no file":        {request("none.ptx", "k", 32), "none.ptx does not exist"},
		"broken":         {request(broken, "k", 32), "line 2"},
		"no such kernel": {request(kernels, "nothing", 32, good...), "transpose_padded"},
		"no name":        {request(kernels, "", 32, good...), "name one of its kernels"},
		"too few":        {request(kernels, "copy_straight", 32, good[0]), "takes 2 arguments (of 8, 8 bytes), 1 were given"},
		"size":           {request(kernels, "copy_straight", 32, good[0], "f32:1"), "has 4 bytes, the parameter of kernel copy_straight has 8"},
		"block":          {request(kernels, "copy_straight", 2048, good...), "1024"},
		"bad argument":   {request(kernels, "copy_straight", 32, good[0], "what:1"), "unknown form"},
	} {
		_, err := Run(test.request)
		assert.ErrorContains(t, err, test.want, name)
	}
	missing := filepath.Join(t.TempDir(), "folder", "out")
	_, err := Run(request(kernels, "copy_straight", 32, good[0], "out:"+missing+":128"))
	assert.ErrorContains(t, err, missing)
}

func TestFindKernel(t *testing.T) {
	names := []string{"plain", "_Z5saxpyifPKfPf", "_Z5twiceILi1EEvPf", "_Z5twiceILi2EEvPf"}
	for wanted, want := range map[string]string{"plain": "plain", "saxpy": "_Z5saxpyifPKfPf", "_Z5twiceILi2EEvPf": "_Z5twiceILi2EEvPf"} {
		got, err := findKernel(names, wanted)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err := findKernel(names, "twice")
	assert.ErrorContains(t, err, "name one of _Z5twiceILi1EEvPf, _Z5twiceILi2EEvPf")
	_, err = findKernel(names, "sax")
	assert.ErrorContains(t, err, "no kernel")
	_, err = findKernel(nil, "k")
	assert.ErrorContains(t, err, "no kernel (__global__ function)")
	only, err := findKernel(names[:1], "")
	require.NoError(t, err)
	assert.Equal(t, "plain", only)
}

func TestNamesOfChecksAndOrders(t *testing.T) {
	all, err := ParseChecks(strings.Join(CheckNames(), ","))
	require.NoError(t, err)
	assert.Equal(t, sim.AllChecks, all)
	none, err := ParseChecks("none")
	require.NoError(t, err)
	assert.Zero(t, none)
	_, err = ParseChecks("shared-races,nonsense")
	assert.ErrorContains(t, err, `"nonsense"`)
	order, err := ParseOrder("reverse")
	require.NoError(t, err)
	assert.Equal(t, sim.Reverse, order)
	_, err = ParseOrder("sideways")
	assert.ErrorContains(t, err, `"sideways"`)
}

// TestCompile runs CUDA C++ of the user's own: with a header beside it and a macro from outside.
func TestCompile(t *testing.T) {
	if _, err := nvrtc.Open(); err != nil {
		var missing *nvrtc.NotFoundError
		if errors.As(err, &missing) && strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "nvrtc") {
			require.NoError(t, err)
		}
		t.Skip(err)
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "scale.cu")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "factor.cuh"), []byte("#pragma once\nconstexpr float factor = 3;\n"), 0o644))
	require.NoError(t, os.WriteFile(file, []byte(`#include "factor.cuh"
__global__ void scale(const float* x, float* y, int n) {
  int i = threadIdx.x;
  if (i < n) y[i] = factor * x[i] + OFFSET;
}
`), 0o644))
	r := request(file, "scale", 64, "iota:f32:50", "empty:f32:50", "i32:50")
	_, err := Run(r)
	assert.ErrorContains(t, err, "OFFSET")
	r.Compiler = []string{"-DOFFSET=1"}
	result, err := Run(r)
	require.NoError(t, err)
	assert.Empty(t, result.Findings)
	assert.Equal(t, []string{"1", "4", "7"}, result.Outputs[1].First[:3])

	r.Args[2] = "i32:51"
	result, err = Run(r)
	require.NoError(t, err)
	require.Len(t, result.Findings, 1)
	assert.Equal(t, 4, result.Findings[0].Source.Line)
}
