//go:build cuda && cgo

package device

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
)

// openForTest opens the GPU that is to be tested: a real one with CNN_GPU_REQUIRE=cuda, else the simulated one.
func openForTest(t *testing.T, o Options) Device {
	t.Helper()
	name := "sim"
	if strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "cuda") {
		name = "cuda"
	} else if _, err := nvrtc.Open(); err != nil {
		if strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "nvrtc") {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	d, err := Open(name, o)
	require.NoError(t, err)
	return d
}

// Every op is right on the GPU in every awkward shape; the simulated one looks for races and accesses out of bounds besides.
func TestGPUOps(t *testing.T) {
	d := openForTest(t, Options{})
	defer func() { assert.NoError(t, d.Close()) }()
	for _, c := range kerneltest.Short() {
		_, err := c.Check(OpRunner{d})
		require.NoError(t, err, c.Name)
	}
}

// doubling is a program that adds a buffer to itself, by way of a value in the arena.
func doubling() (ops []kernels.Op, x, y *kernels.Buffer) {
	x, y = kernels.Kept("x", kernels.Float32, 1000), kernels.Kept("y", kernels.Float32, 1000)
	between := kernels.NewBuffer("between", kernels.Float32, 1000)
	return []kernels.Op{
		kernels.ActivationFprop{Function: kernels.ReLU, X: x, Y: between},
		kernels.Add{A: between, B: x, Y: y},
		kernels.BiasWgrad{M: 1000, K: 1, DY: between, DB: y.View("sum", 999, 1)},
	}, x, y
}

func run(t *testing.T, d Device) []float32 {
	t.Helper()
	ops, x, y := doubling()
	p, err := d.Compile(ops)
	require.NoError(t, err)
	in := make([]float32, 1000)
	for i := range in {
		in[i] = float32(i%7 - 3)
	}
	require.NoError(t, d.Upload(x, in))
	require.NoError(t, p.Run())
	out := make([]float32, 1000)
	require.NoError(t, d.Download(out, y))
	return out
}

func TestGPUProgram(t *testing.T) {
	cpu, err := OpenCPU(Options{})
	require.NoError(t, err)
	want := run(t, cpu)
	for _, sync := range []bool{false, true} {
		d := openForTest(t, Options{Sync: sync})
		assert.Equal(t, want, run(t, d))
		assert.Equal(t, want, run(t, d), "a second program")
		require.NoError(t, d.Close())
	}
}

// A batch may be overwritten by the caller as soon as Upload returns, and a second one follow before the first was used.
func TestGPUUploadsAreOrdered(t *testing.T) {
	d := openForTest(t, Options{})
	defer d.Close()
	x, total := kernels.Kept("x", kernels.Float32, 64), kernels.Kept("total", kernels.Float32, 64)
	p, err := d.Compile([]kernels.Op{kernels.Add{A: total, B: x, Y: total}})
	require.NoError(t, err)
	host := make([]float32, 64)
	for i := 1; i <= 10; i++ {
		for j := range host {
			host[j] = float32(i * j)
		}
		require.NoError(t, d.Upload(x, host))
		clear(host)
		require.NoError(t, p.Run())
	}
	require.NoError(t, d.Download(host, total))
	for j, v := range host {
		assert.Equal(t, float32(55*j), v)
	}
}

// Opening, running and closing a hundred times leaves nothing behind on the device.
func TestGPUReopens(t *testing.T) {
	var first int64
	for i := range 100 {
		d := openForTest(t, Options{})
		run(t, d)
		require.NoError(t, d.(*gpu).do(func() error {
			free, _, err := cu.MemInfo()
			if i == 0 {
				first = free
			}
			// The simulated driver begins anew each time; a real one must not lose memory from one time to the next.
			assert.GreaterOrEqual(t, free, first-64<<20)
			return err
		}))
		require.NoError(t, d.Close())
	}
}

// After Close every byte is free again.
func TestGPUCloseFreesEverything(t *testing.T) {
	d := openForTest(t, Options{})
	g := d.(*gpu)
	free := func() (bytes int64) {
		require.NoError(t, g.do(func() (err error) {
			bytes, _, err = cu.MemInfo()
			return err
		}))
		return bytes
	}
	before := free()
	run(t, d)
	assert.Less(t, free(), before)
	require.NoError(t, d.Close())
	// The context that another user keeps alive would see it.
	again, err := openGPU(g.name, 0, g.options)
	require.NoError(t, err)
	defer again.Close()
	g = again.(*gpu)
	assert.Equal(t, before, free())
}

func TestGPUFaults(t *testing.T) {
	for fault, c := range map[string]struct {
		want   string
		result driver.Result
	}{
		"oom@1":    {"out of memory", 0},
		"launch@2": {"CUDA_ERROR_LAUNCH_FAILED", driver.Result(719)},
		"copy@1":   {"CUDA_ERROR_ECC_UNCORRECTABLE", driver.EccUncorrectable},
		"lost@2":   {"CUDA_ERROR_DEVICE_UNAVAILABLE", driver.DeviceUnavailable},
	} {
		t.Run(fault, func(t *testing.T) {
			if strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "cuda") {
				t.Skip("a real GPU has no faults to order")
			}
			t.Setenv("CNN_GPU_SIM_FAULT", fault)
			d := openForTest(t, Options{})
			ops, x, y := doubling()
			p, err := d.Compile(ops)
			if err == nil {
				err = d.Upload(x, make([]float32, 1000))
			}
			if err == nil {
				err = p.Run()
			}
			if err == nil {
				err = d.Download(make([]float32, 1000), y)
			}
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "device: sim: ")
			if c.result != 0 {
				got, ok := driver.ResultOf(err)
				assert.True(t, ok)
				assert.Equal(t, c.result, got)
			}
			_ = d.Close() // a broken context may say so again; it must not hang
			t.Setenv("CNN_GPU_SIM_FAULT", "")
			healthy := openForTest(t, Options{})
			run(t, healthy)
			require.NoError(t, healthy.Close())
		})
	}
}

// With Sync an error names the op that made it.
func TestGPUSyncNamesTheOp(t *testing.T) {
	if strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "cuda") {
		t.Skip("a real GPU has no faults to order")
	}
	t.Setenv("CNN_GPU_SIM_FAULT", "launch@2")
	d := openForTest(t, Options{Sync: true})
	defer d.Close()
	ops, _, _ := doubling()
	p, err := d.Compile(ops)
	require.NoError(t, err)
	assert.ErrorContains(t, p.Run(), "add to ")
}

func TestGPURefuses(t *testing.T) {
	d := openForTest(t, Options{})
	defer d.Close()
	_, err := Open(d.Name()+":99999", Options{})
	assert.Error(t, err)
	huge := kernels.NewBuffer("huge", kernels.Float32, 1<<16, 1<<16)
	_, err = d.Compile([]kernels.Op{kernels.Zero{Y: huge}})
	assert.ErrorContains(t, err, "more than 2^31-1 elements")
	wide := kernels.NewBuffer("wide", kernels.Float32, 1<<10)
	assert.ErrorContains(t, d.Upload(wide, make([]float32, 1<<10)), "does not outlive a run")
}

// The simulated H200 has the rates that its maker publishes: 66.9 TFLOP/s of float32 and 4.8 TB/s.
func TestGPURoofline(t *testing.T) {
	d := openForTest(t, Options{})
	defer d.Close()
	r, err := d.Roofline()
	require.NoError(t, err)
	assert.Greater(t, r.GFLOPS, 1e3)
	assert.Greater(t, r.GBS, 1e2)
	if d.Name() == "sim" {
		assert.InEpsilon(t, 66.9e3, r.GFLOPS, 0.01)
		assert.InEpsilon(t, 4.8e3, r.GBS, 0.03)
	}
}
