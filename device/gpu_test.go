//go:build cuda && cgo

package device

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim/driverapi"
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

// simulatedOnly skips a test that has no meaning on a real GPU, and one that cannot run without NVRTC.
func simulatedOnly(t *testing.T) {
	t.Helper()
	if strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "cuda") {
		t.Skip("this is about the simulated GPU")
	}
	require.NoError(t, openForTest(t, Options{}).Close())
}

// Every op is right on the GPU in every awkward shape and every precision; the simulated one looks for races and accesses out of bounds besides.
func TestGPUOps(t *testing.T) {
	d := openForTest(t, Options{})
	defer func() { assert.NoError(t, d.Close()) }()
	for _, p := range []kernels.Precision{kernels.FP32, kernels.TF32, kernels.BF16} {
		for _, c := range kerneltest.Short() {
			_, err := c.Check(OpRunner{d, CompileOptions{Precision: p}})
			require.NoError(t, err, "%s in %v", c.Name, p)
		}
	}
}

// doubling is a program that adds a buffer to itself, by way of a value in the arena.
func doubling() (ops []kernels.Op, x, y *kernels.Buffer) {
	x, y = kernels.Kept("x", kernels.Float32, 1000), kernels.Kept("y", kernels.Float32, 1000)
	between := kernels.NewBuffer("between", kernels.Float32, 1000)
	return []kernels.Op{
		kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.ReLU}, X: x, Y: between},
		kernels.Add{A: between, B: x, Y: y},
		kernels.BiasWgrad{M: 1000, K: 1, DY: between, DB: y.View("sum", 999, 1)},
	}, x, y
}

func run(t *testing.T, d Device) []float32 {
	t.Helper()
	ops, x, y := doubling()
	p, err := d.Compile(ops, CompileOptions{})
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
	p, err := d.Compile([]kernels.Op{kernels.Add{A: total, B: x, Y: total}}, CompileOptions{})
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

// Close gives back every byte and every handle, also while another device keeps the context alive.
func TestGPUCloseGivesBackEverything(t *testing.T) {
	simulatedOnly(t)
	keeper := openForTest(t, Options{})
	before := driverapi.Holds()
	for _, sync := range []bool{false, true} {
		d, err := openGPU("sim", 0, Options{Sync: sync, simulated: true})
		require.NoError(t, err)
		run(t, d)
		larger, sum := kernels.NewBuffer("larger", kernels.Float32, 5000), kernels.Kept("sum", kernels.Float32, 5000)
		_, err = d.Compile([]kernels.Op{kernels.Zero{Y: larger}, kernels.Add{A: larger, B: larger, Y: sum}}, CompileOptions{})
		require.NoError(t, err)
		during := driverapi.Holds()
		assert.Greater(t, during.DeviceBytes, before.DeviceBytes)
		assert.Greater(t, during.PinnedBytes, before.PinnedBytes)
		assert.Greater(t, during.Handles, before.Handles)
		require.NoError(t, d.Close())
		assert.Equal(t, before, driverapi.Holds())
	}
	require.NoError(t, keeper.Close())
	assert.Zero(t, driverapi.Holds())
}

// A real GPU, too, has as much free memory after many runs as after the first.
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
			assert.GreaterOrEqual(t, free, first-64<<20)
			return err
		}))
		require.NoError(t, d.Close())
	}
}

// Whichever call fails, the error says what happened, Close gives everything back, and the next device works.
func TestGPUFaults(t *testing.T) {
	simulatedOnly(t)
	for kind, want := range map[string]string{
		"oom": "out of memory", "launch": "CUDA_ERROR_LAUNCH_FAILED (719)",
		"copy": "CUDA_ERROR_ECC_UNCORRECTABLE (214)", "lost": "CUDA_ERROR_DEVICE_UNAVAILABLE (46)",
	} {
		failed := 0
		for ; ; failed++ {
			fault := fmt.Sprintf("%s@%d", kind, failed+1)
			t.Setenv("CNN_GPU_SIM_FAULT", fault)
			d := openForTest(t, Options{})
			err := runOnce(d)
			closed := d.Close()
			assert.Zero(t, driverapi.Holds(), fault)
			if err == nil {
				break
			}
			assert.ErrorContains(t, err, want, fault)
			assert.ErrorContains(t, err, "device: sim: ", fault)
			if kind != "lost" { // whose device does not come back to say that all is well
				assert.NoError(t, closed, fault)
			}
		}
		assert.Greater(t, failed, 1, kind)
		t.Setenv("CNN_GPU_SIM_FAULT", "")
		healthy := openForTest(t, Options{})
		run(t, healthy)
		require.NoError(t, healthy.Close())
	}
}

// runOnce does all that training does: compile, upload, run, download.
func runOnce(d Device) error {
	ops, x, y := doubling()
	p, err := d.Compile(ops, CompileOptions{})
	if err == nil {
		err = d.Upload(x, make([]float32, 1000))
	}
	if err == nil {
		err = p.Run()
	}
	if err == nil {
		err = d.Download(make([]float32, 1000), y)
	}
	return err
}

// With Sync an error names the op that made it.
func TestGPUSyncNamesTheOp(t *testing.T) {
	simulatedOnly(t)
	t.Setenv("CNN_GPU_SIM_FAULT", "launch@2")
	d := openForTest(t, Options{Sync: true})
	defer d.Close()
	ops, _, _ := doubling()
	p, err := d.Compile(ops, CompileOptions{})
	require.NoError(t, err)
	assert.ErrorContains(t, p.Run(), "add to ")
}

func TestGPURefuses(t *testing.T) {
	d := openForTest(t, Options{})
	defer d.Close()
	_, err := Open(d.Name()+":99999", Options{})
	assert.Error(t, err)
	huge := kernels.Kept("huge", kernels.Float32, 1<<16, 1<<16)
	_, err = d.Compile([]kernels.Op{kernels.Zero{Y: huge}}, CompileOptions{})
	assert.ErrorContains(t, err, "more than 2^31-1 elements")
	cpu, err := OpenCPU(Options{})
	require.NoError(t, err)
	for _, d := range []Device{d, cpu} {
		x := kernels.NewBuffer("x", kernels.Float32, 3)
		_, err = d.Compile([]kernels.Op{kernels.Add{A: x, B: x, Y: kernels.NewBuffer("y", kernels.Float32, 4)}}, CompileOptions{})
		assert.ErrorContains(t, err, "device: "+d.Name()+": add: a is \"x\", float32[3]; it takes float32[4]")
	}
	wide := kernels.NewBuffer("wide", kernels.Float32, 1<<10)
	assert.ErrorContains(t, d.Upload(wide, make([]float32, 1<<10)), "does not outlive a run")
}

// The simulated H200 has the rates that its maker publishes: 66.9 TFLOP/s of float32, those of tensor cores at its highest clock, and 4.8 TB/s.
func TestGPURoofline(t *testing.T) {
	d := openForTest(t, Options{})
	defer d.Close()
	r, err := d.Roofline()
	require.NoError(t, err)
	assert.Greater(t, r.GFLOPS, 1e3)
	assert.Greater(t, r.GBS, 1e2)
	if d.Name() == "sim" {
		assert.InEpsilon(t, 66.9e3, r.GFLOPS, 0.01)
		assert.InEpsilon(t, 495e3, r.TF32, 0.1)
		assert.InEpsilon(t, 989e3, r.BF16, 0.1)
		assert.InEpsilon(t, 4.8e3, r.GBS, 0.03)
	}
}

// An allocation that fails says how much was wanted, all of it and no more, and what there was.
func TestGPUOutOfMemory(t *testing.T) {
	simulatedOnly(t)
	d := openForTest(t, Options{})
	defer func() { require.NoError(t, d.Close()) }()
	fails := func(need int64, ops ...kernels.Op) {
		t.Helper()
		var free int64
		require.NoError(t, d.(*gpu).do(func() (err error) {
			free, _, err = cu.MemInfo()
			return err
		}))
		_, err := d.Compile(ops, CompileOptions{})
		var outOfMemory *OutOfMemoryError
		require.ErrorAs(t, err, &outOfMemory)
		assert.Equal(t, OutOfMemoryError{Device: d.Name(), Need: need, Free: free}, *outOfMemory)
	}
	const huge = 1 << 30
	x, y := kernels.Kept("x", kernels.Float32, 1000), kernels.NewBuffer("y", kernels.Float32, huge)
	part := y.View("part", 0, 1000)
	fails(4*huge+4*1000, kernels.Zero{Y: y}, kernels.Add{A: part, B: part, Y: x})
	run(t, d)

	ops, there, _ := doubling()
	p, err := d.Compile(ops, CompileOptions{})
	require.NoError(t, err)
	kept, small := kernels.Kept("kept", kernels.Float32, huge), kernels.NewBuffer("small", kernels.Float32, 1000)
	// The arena is large enough for small.
	fails(4*huge, kernels.Zero{Y: small}, kernels.Add{A: small, B: there, Y: kept.View("part", 0, 1000)})
	require.NoError(t, p.Run())
}

// So does one of a single buffer.
func TestGPUOutOfMemoryForABuffer(t *testing.T) {
	simulatedOnly(t)
	t.Setenv("CNN_GPU_SIM_FAULT", "oom@1")
	d := openForTest(t, Options{})
	defer func() { require.NoError(t, d.Close()) }()
	x := kernels.Kept("x", kernels.Float32, 1000)
	var outOfMemory *OutOfMemoryError
	require.ErrorAs(t, d.Upload(x, make([]float32, 1000)), &outOfMemory)
	assert.Equal(t, OutOfMemoryError{Device: d.Name(), Need: 4 * 1000, Free: d.(*gpu).total}, *outOfMemory)
	require.NoError(t, d.Upload(x, make([]float32, 1000)))
}
