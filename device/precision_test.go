package device

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// GPUs from compute capability 8.0 on multiply in TF32 unless they are asked for another precision; all else multiplies in FP32 alone, and says so.
func TestPrecision(t *testing.T) {
	const (
		byDefault = kernels.DefaultPrecision
		strict    = "strict sums are of factors in fp32, and not in "
		alone     = "it multiplies in fp32, and not in "
	)
	for _, c := range []struct {
		arch  string
		asked CompileOptions
		want  kernels.Precision
		err   string
	}{
		{"sm_80", CompileOptions{}, kernels.TF32, ""},
		{"compute_120", CompileOptions{}, kernels.TF32, ""},
		{"sm_90", CompileOptions{Strict: true}, kernels.FP32, ""},
		{"sm_90", CompileOptions{Precision: kernels.FP32}, kernels.FP32, ""},
		{"sm_90", CompileOptions{Precision: kernels.BF16}, kernels.BF16, ""},
		{"sm_90", CompileOptions{Strict: true, Precision: kernels.FP32}, kernels.FP32, ""},
		{"sm_90", CompileOptions{Strict: true, Precision: kernels.TF32}, byDefault, strict + "tf32: leave out --strict or --precision"},
		{"sm_75", CompileOptions{}, kernels.FP32, ""},
		{"sm_75", CompileOptions{Precision: kernels.TF32}, byDefault, alone + "tf32: leave out --precision, or take a GPU of compute capability 8.0 or above"},
		{"sm_75", CompileOptions{Precision: kernels.BF16}, byDefault, alone + "bf16"},
	} {
		got, err := ArchitecturePrecision(c.arch, c.asked)
		assert.Equal(t, c.want, got, c)
		if c.err == "" {
			assert.NoError(t, err, c)
		} else {
			assert.ErrorContains(t, err, "device: "+c.arch+": "+c.err, c)
		}
	}
	cpu, err := OpenCPU(Options{})
	require.NoError(t, err)
	defer cpu.Close()
	got, err := cpu.Precision(CompileOptions{})
	require.NoError(t, err)
	assert.Equal(t, kernels.FP32, got)
	for _, name := range []string{"cpu", "sim"} {
		s, err := NewSchedule(name, Options{}, nil, CompileOptions{Precision: kernels.FP32})
		require.NoError(t, err)
		assert.Equal(t, kernels.FP32, s.Precision)
	}
	_, err = cpu.Compile(nil, CompileOptions{Precision: kernels.TF32})
	assert.ErrorContains(t, err, "device: cpu: "+alone)
	_, err = NewSchedule("cpu", Options{}, nil, CompileOptions{Precision: kernels.TF32})
	assert.ErrorContains(t, err, "device: cpu: "+alone)
	_, err = NewSchedule("sim", Options{}, nil, CompileOptions{Precision: kernels.TF32, Strict: true})
	assert.ErrorContains(t, err, "device: sim: "+strict)
}
