//go:build cuda && cgo

package driver_test

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
)

// children are what this program does instead of its tests when CNN_GPU_TEST_CHILD names one: a driver is loaded once for a
// process.
var children = map[string]func(){
	"launch": func() {
		a, b := uint64(0x1122334455667788), uint64(0x99aabbccddeeff00)
		for range 2 { // through the loader, then straight
			err := cu.Function{}.Launch(1, 2, 3, 4, 5, 6, 7, cu.NoStream, []unsafe.Pointer{unsafe.Pointer(&a), unsafe.Pointer(&b)})
			fmt.Println(err)
		}
	},
	"clamp": func() {
		for range 2 {
			fmt.Println(cu.TexRef{}.SetMipmapLevelClamp(0.25, 7.5))
		}
	},
	"count": func() {
		var wg sync.WaitGroup
		counts := make([]int, 8)
		for i := range counts {
			wg.Go(func() { counts[i], _ = cu.NumDevices() })
		}
		wg.Wait()
		fmt.Println(counts)
	},
	"open": func() {
		n, err := cu.NumDevices()
		r, ok := driver.ResultOf(err)
		fmt.Printf("%d devices, cu says %v, code %d %v, version %d\n%v\n", n, err, r, ok, cu.Version(), driver.Open())
	},
	"usable": func() { // nothing if it is
		if err := driver.Open(); err != nil {
			fmt.Println(err)
		} else if n, err := cu.NumDevices(); n == 0 {
			fmt.Println("the driver has no device:", err)
		}
	},
	"missing": func() { // what the fake library does not have
		_, err := cu.MemAlloc(1)
		fmt.Println(err)
	},
}

// child runs one of the children with a libcuda of the caller's choice.
func child(t *testing.T, name, libcuda string, env ...string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "CNN_GPU_TEST_CHILD="+name, "CNN_GPU_LIBCUDA="+libcuda)...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

func fakeLibcuda(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("testdata/libcuda.c")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "libcuda.so.1")
	out, err := compile(t, file, string(source), "-shared", "-fPIC", "-Iinclude")
	require.NoError(t, err, out)
	return file
}

// This very program uses cu, and no library of NVIDIA is needed to start it.
func TestNoLibraryOfNVIDIAIsNeeded(t *testing.T) {
	f, err := elf.Open(os.Args[0])
	require.NoError(t, err)
	defer f.Close()
	libraries, err := f.ImportedLibraries()
	require.NoError(t, err)
	for _, l := range libraries {
		assert.Regexp(t, `^(libc|libpthread|libdl|ld-linux\S*)\.so`, l)
	}
	symbols, err := f.ImportedSymbols()
	require.NoError(t, err)
	for _, s := range symbols {
		assert.NotRegexp(t, `^(cu[A-Z]|nvrtc)`, s.Name)
	}
}

func TestArgumentsReachTheDriver(t *testing.T) {
	lib := fakeLibcuda(t)
	launch := "launch 0: 1 2 3, 4 5 6, 7, 0, 1122334455667788 99aabbccddeeff00, 0\n<nil>\n"
	assert.Equal(t, launch+launch, child(t, "launch", lib))
	clamp := "clamp 0: 0.25 7.5\n<nil>\n"
	assert.Equal(t, clamp+clamp, child(t, "clamp", lib))
}

func TestTheDriverStartsOnce(t *testing.T) {
	assert.Equal(t, "[1 1 1 1 1 1 1 1]\n", child(t, "count", fakeLibcuda(t)))
}

func TestDriverErrors(t *testing.T) {
	lib := fakeLibcuda(t)
	out := child(t, "open", "/nowhere/libcuda.so.1")
	assert.Contains(t, out, "0 devices, cu says NoDevice, code 100 true, version -1\n")
	assert.Contains(t, out, "driver: no CUDA driver: /nowhere/libcuda.so.1: cannot open shared object file")
	assert.Contains(t, out, "CUDA_ERROR_NO_DEVICE (100)")

	out = child(t, "open", "libm.so.6")
	assert.Contains(t, out, "has no cuInit, so it is not the CUDA driver")

	out = child(t, "open", lib, "FAKE_INIT=803")
	assert.Contains(t, out, "0 devices, cu says SystemDriverMismatch, code 803 true, version 12040\n")
	assert.Contains(t, out, lib+" does not start: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803): module and library differ")

	assert.Equal(t, "NotSupported\n", child(t, "missing", lib))
	assert.Equal(t, "1 devices, cu says <nil>, code 0 false, version 12040\n<nil>\n", child(t, "open", lib))
}

// The generated files must follow from the header.
func TestGeneratedFiles(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []string{"gen.go", "include/cuda.h", "include/cuda_functions.h"} {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "include"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, f), b, 0o644))
	}
	cmd := exec.Command("go", "run", "gen.go")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, f := range []string{"functions.h", "results.go", "trampolines_amd64.S", "trampolines_arm64.S"} {
		want, err := os.ReadFile(filepath.Join(dir, f))
		require.NoError(t, err)
		got, err := os.ReadFile(f)
		require.NoError(t, err)
		assert.True(t, string(want) == string(got), "%s is out of date: go generate ./device/driver", f)
	}
}

func TestResults(t *testing.T) {
	assert.Equal(t, "CUDA_ERROR_OUT_OF_MEMORY", driver.OutOfMemory.Name())
	assert.Equal(t, "CUDA error 12345", driver.Result(12345).Name())
	r, ok := driver.ResultOf(fmt.Errorf("device: arena: %w", cu.OutOfMemory))
	assert.True(t, ok)
	assert.Equal(t, driver.OutOfMemory, r)
	r, ok = driver.ResultOf(fmt.Errorf("device: %w", driver.LaunchTimeout))
	assert.True(t, ok)
	assert.Equal(t, driver.LaunchTimeout, r)
	_, ok = driver.ResultOf(os.ErrNotExist)
	assert.False(t, ok)
	_, ok = driver.ResultOf(nil)
	assert.False(t, ok)
	assert.Equal(t, os.ErrNotExist, driver.Explain(os.ErrNotExist))
	explained := driver.Explain(fmt.Errorf("arena: %w", cu.OutOfMemory))
	assert.True(t, strings.HasPrefix(explained.Error(), "arena: OutOfMemory: CUDA_ERROR_OUT_OF_MEMORY (2)"))
	assert.ErrorIs(t, explained, cu.OutOfMemory)
	assert.ErrorIs(t, explained, driver.OutOfMemory)
	assert.Equal(t, explained, driver.Explain(explained))
	_, ok = driver.ResultOf(errors.Join(os.ErrNotExist, cu.NotReady))
	assert.True(t, ok)
}
