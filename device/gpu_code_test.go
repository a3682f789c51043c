//go:build cuda && cgo

package device

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim/driverapi"
	"cnn-gpu/kernels"
)

// A folder that was filled ahead of time is all that a machine without NVRTC needs; without one the answer comes at once.
func TestGPUWithoutNVRTC(t *testing.T) {
	simulatedOnly(t)
	cpu, err := OpenCPU(Options{})
	require.NoError(t, err)
	want := run(t, cpu)
	dir := t.TempDir()
	t.Setenv(CodeDirEnv, dir)
	t.Setenv("CNN_GPU_NVRTC", t.TempDir())

	_, err = Open("sim", Options{})
	assert.ErrorContains(t, err, "not compiled, and there is no compiler: nvrtc: ")
	d, err := Open("auto", Options{}) // in front of the simulated driver
	require.NoError(t, err)
	assert.Equal(t, "cpu", d.Name())
	assert.Contains(t, d.String(), "(no GPU: its kernels are not compiled, and there is no compiler: nvrtc: ")
	assert.Contains(t, d.String(), "; see cnn-gpu devices)")
	require.NoError(t, d.Close())
	assert.Zero(t, driverapi.Holds())

	ops, _, _ := doubling()
	auto, err := NewSchedule("auto", Options{}, ops, CompileOptions{})
	require.NoError(t, err)
	assert.NotZero(t, auto.Scratch, "the CPU's, whose sums take some")
	files, err := CompileKernels([][]kernels.Op{ops}, CompileOptions{}, "compute_90", dir)
	require.NoError(t, err)
	assert.Equal(t, 3, files)
	d, err = Open("sim", Options{})
	require.NoError(t, err)
	assert.Equal(t, want, run(t, d))
	_, err = d.Compile([]kernels.Op{kernels.Zero{Y: kernels.Kept("y", kernels.Float32, 7)}}, CompileOptions{})
	assert.ErrorContains(t, err, "zero.cu is not compiled for compute_90 and these shapes")
	assert.ErrorContains(t, err, "cnn-gpu compile")
	require.NoError(t, d.Close())
	_, err = Open("sim", Options{NoCache: true})
	assert.ErrorContains(t, err, "there is no compiler", "which does not look into the folder")
}

// A GPU runs machine code of its own major number up to its own minor one, which is better than any PTX that it knows.
func TestRunnable(t *testing.T) {
	for _, capability := range []int{75, 80, 86, 90, 103, 120} {
		archs := runnable(capability)
		assert.Equal(t, fmt.Sprintf("sm_%d", capability), archs[0])
		for a := 50; a < 200; a++ {
			runsCode := a/10 == capability/10 && a <= capability
			assert.Equal(t, runsCode, slices.Contains(archs, fmt.Sprintf("sm_%d", a)), "sm_%d on %d", a, capability)
			assert.Equal(t, a <= capability, slices.Contains(archs, fmt.Sprintf("compute_%d", a)), "compute_%d on %d", a, capability)
		}
		var numbers []string // machine code first, and of each kind the newest
		for _, arch := range archs {
			kind, number, _ := strings.Cut(arch, "_")
			numbers = append(numbers, fmt.Sprintf("%s %3s", strings.Replace(kind, "sm", "machine code", 1), number))
		}
		slices.Reverse(numbers)
		assert.IsIncreasing(t, numbers)
	}
}

// Of the code in a folder, a GPU is given the best that it can run, and never machine code of another generation.
func TestCodeOfAnotherGenerationIsNotOffered(t *testing.T) {
	l := someLaunch(10)
	forms, err := formsFor(nil, 90, 0)
	require.NoError(t, err)
	c := &compiler{forms: forms, missing: errors.New("no NVRTC"), cache: codeCache{t.TempDir()}}
	store := func(arch string) {
		p, err := newSource(l, arch)
		require.NoError(t, err)
		require.NoError(t, c.cache.store(p.key(), "12.9", []byte(arch)))
	}
	for _, foreign := range []string{"sm_75", "sm_86", "sm_89", "sm_100", "compute_100"} {
		store(foreign)
	}
	_, _, _, err = c.offer(l)
	assert.ErrorContains(t, err, "is not compiled for sm_90 and these shapes, and there is no compiler")
	for _, better := range []string{"compute_80", "compute_90", "sm_90"} {
		store(better)
		at, _, code, err := c.offer(l)
		require.NoError(t, err)
		assert.Equal(t, better, c.forms[at].arch)
		assert.Equal(t, better, string(code))
	}
}

func TestReasonForNoGPU(t *testing.T) {
	for want, err := range map[string]error{
		"no CUDA driver is installed":              fmt.Errorf("device: cuda: driver: %w: libcuda.so.1: %w; do this", driver.ErrNoDriver, driver.NoDevice),
		"there is no NVRTC to compile its kernels": fmt.Errorf("device: cuda: %w", &nvrtc.NotFoundError{}),
		"driver: libcuda.so.1 does not start: (3)": errors.New("device: cuda: driver: libcuda.so.1 does not start: (3); do this"),
		"it is hot": errors.New("device: cuda: it is hot\nvery hot"),
	} {
		assert.Equal(t, want, briefly(err))
	}
}

// Torn files are replaced, whole ones are used, and with NoCache there are none.
func TestGPUKeepsMachineCode(t *testing.T) {
	simulatedOnly(t)
	dir := t.TempDir()
	t.Setenv(CodeDirEnv, dir)
	ops, _, _ := doubling()
	start := func(o Options) {
		d, err := Open("sim", o)
		require.NoError(t, err)
		_, err = d.Compile(ops, CompileOptions{})
		require.NoError(t, err)
		require.NoError(t, d.Close())
	}
	list := func() (infos []os.FileInfo) {
		files, err := filepath.Glob(dir + "/*")
		require.NoError(t, err)
		for _, f := range files {
			info, err := os.Stat(f)
			require.NoError(t, err)
			infos = append(infos, info)
		}
		return infos
	}
	start(Options{NoCache: true})
	require.Empty(t, list())
	start(Options{})
	made := list()
	require.Len(t, made, 3)
	start(Options{})
	require.NoError(t, os.Truncate(filepath.Join(dir, made[0].Name()), made[0].Size()/2))
	start(Options{})
	again := list()
	require.Len(t, again, 3)
	assert.Equal(t, made[0].Size(), again[0].Size())
	for i := range again {
		assert.Equal(t, i != 0, os.SameFile(made[i], again[i]), "only what is torn is written again")
	}
}
