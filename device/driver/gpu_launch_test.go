//go:build cuda && cgo

package driver_test

import (
	"errors"
	"os"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
)

func TestGPULaunch(t *testing.T) {
	inContext(t)
	m := loadKernels(t)
	x := upload(t, count(1000))
	scale := kernel(t, m, "scale")

	// By cu, which takes eight bytes for each parameter.
	factor, term, n := uint64(3), uint64(5), uint64(1000)
	require.NoError(t, scale.Launch(4, 1, 1, 256, 1, 1, 0, cu.NoStream,
		[]unsafe.Pointer{unsafe.Pointer(&x), unsafe.Pointer(&factor), unsafe.Pointer(&term), unsafe.Pointer(&n)}))
	got := download[uint32](t, x, 1000)
	for i, v := range got {
		require.Equal(t, uint32(3*i+5), v, i)
	}

	// By this package, and with attributes.
	launch := driver.Launch{Grid: [3]uint32{4, 1, 1}, Block: [3]uint32{256, 1, 1}, Params: []any{x, uint32(1), int32(-5), uint32(1000)}}
	require.NoError(t, driver.LaunchKernel(scale, launch, cu.NoStream))
	launch.Priority = -1
	require.NoError(t, driver.LaunchKernel(scale, launch, cu.NoStream))
	got = download[uint32](t, x, 1000)
	for i, v := range got {
		require.Equal(t, uint32(3*i-5), v, i)
	}

	launch.Params[1] = 7
	assert.ErrorContains(t, driver.LaunchKernel(scale, launch, cu.NoStream), "parameter 1 of the kernel is a int")
	launch.Params[1] = uint32(1)
	for _, wrong := range [][2][3]uint32{{{0, 1, 1}, {1, 1, 1}}, {{1, 1, 1}, {2048, 1, 1}}, {{1, 1, 1}, {1, 1, 128}}, {{1, 70000, 1}, {1, 1, 1}}} {
		launch.Grid, launch.Block = wrong[0], wrong[1]
		answers(t, code(t, driver.LaunchKernel(scale, launch, cu.NoStream)), driver.InvalidValue)
	}
	narrow := driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{64, 1, 1}}
	require.NoError(t, driver.LaunchKernel(kernel(t, m, "narrow"), narrow, cu.NoStream))
	narrow.Block[0] = 65
	answers(t, code(t, driver.LaunchKernel(kernel(t, m, "narrow"), narrow, cu.NoStream)), driver.InvalidValue, driver.LaunchOutOfResources)
	require.NoError(t, cu.Synchronize())
}

func TestGPUSharedMemory(t *testing.T) {
	inContext(t)
	reverse := kernel(t, loadKernels(t), "reverse")
	const n = 1024
	x := upload(t, count(n))
	launch := driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{n, 1, 1}, SharedMemory: 4 * n, Params: []any{x}}
	require.NoError(t, driver.LaunchKernel(reverse, launch, cu.NoStream))
	for i, v := range download[uint32](t, x, n) {
		require.Equal(t, uint32(n-1-i), v)
	}

	// More than 48 KiB have to be asked for.
	launch.SharedMemory = 60 << 10
	answers(t, code(t, driver.LaunchKernel(reverse, launch, cu.NoStream)), driver.InvalidValue)
	require.NoError(t, driver.SetFunctionAttribute(reverse, driver.MaxDynamicSharedMemory, 60<<10))
	require.NoError(t, driver.LaunchKernel(reverse, launch, cu.NoStream))
	assert.Equal(t, count(n), download[uint32](t, x, n))
	answers(t, code(t, driver.SetFunctionAttribute(reverse, driver.MaxDynamicSharedMemory, 1<<20)), driver.InvalidValue)

	for attribute, want := range map[driver.Attribute]func(int) bool{
		driver.MaxThreadsPerBlock:     func(v int) bool { return v == 1024 },
		driver.StaticSharedMemory:     func(v int) bool { return v == 0 },
		driver.MaxDynamicSharedMemory: func(v int) bool { return v == 60<<10 },
		driver.LocalMemory:            func(v int) bool { return v == 0 },
		driver.PTXVersion:             func(v int) bool { return v == 75 },
		driver.Registers:              func(v int) bool { return v > 0 && v <= 255 },
	} {
		v, err := driver.FunctionAttribute(reverse, attribute)
		require.NoError(t, err)
		t.Logf("attribute %d is %d", attribute, v)
		answers(t, want(v), true)
	}
	blocks, err := reverse.MaxActiveBlocksPerMultiProcessor(256, 40<<10)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, blocks, 1)
	assert.LessOrEqual(t, blocks, 8)
}

// Two streams and an event between them.
func TestGPUStreamsAndEvents(t *testing.T) {
	inContext(t)
	scale := kernel(t, loadKernels(t), "scale")
	x := upload(t, count(256))
	first, err := cu.MakeStream(cu.NonBlocking)
	require.NoError(t, err)
	second, err := cu.MakeStreamWithPriority(-1, cu.NonBlocking)
	require.NoError(t, err)
	flags, err := second.Flags()
	require.NoError(t, err)
	answers(t, flags, cu.NonBlocking)
	begin, err := cu.MakeEvent(cu.DefaultEvent)
	require.NoError(t, err)
	end, err := cu.MakeEvent(cu.DefaultEvent)
	require.NoError(t, err)
	between, err := cu.MakeEvent(cu.DisableTiming)
	require.NoError(t, err)
	require.NoError(t, cu.Synchronize())

	launch := driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{256, 1, 1}, Params: []any{x, uint32(2), uint32(1), uint32(256)}}
	require.NoError(t, begin.Record(first))
	require.NoError(t, driver.LaunchKernel(scale, launch, first))
	require.NoError(t, between.Record(first))
	require.NoError(t, second.Wait(between, 0))
	require.NoError(t, driver.LaunchKernel(scale, launch, second))
	require.NoError(t, end.Record(second))
	require.NoError(t, end.Synchronize())
	for i, v := range download[uint32](t, x, 256) {
		require.Equal(t, uint32(4*i+3), v)
	}
	require.NoError(t, end.Query())
	require.NoError(t, second.Query())
	ms, err := begin.Elapsed(end)
	require.NoError(t, err)
	assert.Greater(t, ms, 0.0)
	assert.Less(t, ms, 1000.0)
	_, err = begin.Elapsed(between)
	answers(t, code(t, err), driver.InvalidHandle)

	// Whoever asks again and again is told in the end.
	require.NoError(t, driver.LaunchKernel(scale, launch, first))
	require.NoError(t, end.Record(first))
	for err = end.Query(); err != nil; err = end.Query() {
		require.Equal(t, driver.NotReady, code(t, err))
	}
	for err = first.Query(); err != nil; err = first.Query() {
		require.Equal(t, driver.NotReady, code(t, err))
	}
	require.NoError(t, cu.DestroyEvent(&end))
	require.NoError(t, first.Destroy())
	require.NoError(t, second.Destroy())
}

func TestGPUGraph(t *testing.T) {
	inContext(t)
	scale := kernel(t, loadKernels(t), "scale")
	const n = 256
	host, err := driver.AllocPinned(4 * n)
	require.NoError(t, err)
	defer driver.FreePinned(host)
	values := unsafe.Slice((*uint32)(unsafe.Pointer(&host[0])), n)
	x, err := cu.MemAlloc(4 * n)
	require.NoError(t, err)
	first, err := cu.MakeStream(cu.NonBlocking)
	require.NoError(t, err)
	second, err := cu.MakeStream(cu.NonBlocking)
	require.NoError(t, err)
	fork, err := cu.MakeEvent(cu.DisableTiming)
	require.NoError(t, err)
	join, err := cu.MakeEvent(cu.DisableTiming)
	require.NoError(t, err)

	launch := driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{n, 1, 1}, Params: []any{x, uint32(2), uint32(1), uint32(n)}}
	graph, err := driver.Capture(first, func() error {
		steps := []error{
			cu.MemcpyHtoDAsync(x, unsafe.Pointer(&host[0]), 4*n, first),
			driver.LaunchKernel(scale, launch, first),
			fork.Record(first),
			second.Wait(fork, 0),
			driver.LaunchKernel(scale, launch, second),
			join.Record(second),
			first.Wait(join, 0),
			cu.MemcpyDtoHAsync(unsafe.Pointer(&host[0]), x, 4*n, first),
		}
		for i, err := range steps {
			if err != nil {
				t.Errorf("step %d: %v", i, err)
			}
		}
		return nil
	})
	require.NoError(t, err)
	copy(values, count(n))
	for range 3 {
		require.NoError(t, graph.Launch(first))
	}
	require.NoError(t, first.Synchronize())
	for i, v := range values {
		require.Equal(t, uint32(64*i+63), v)
	}
	require.NoError(t, graph.Close())

	// Waiting for work that is being captured spoils the capture.
	_, err = driver.Capture(first, func() error {
		require.NoError(t, driver.LaunchKernel(scale, launch, first))
		answers(t, code(t, first.Synchronize()), driver.StreamCaptureUnsupported)
		return nil
	})
	answers(t, code(t, err), driver.StreamCaptureInvalidated)
	// The stream can be used again.
	_, err = driver.Capture(first, func() error { return os.ErrInvalid })
	assert.ErrorIs(t, err, os.ErrInvalid)
	require.NoError(t, driver.LaunchKernel(scale, launch, first))
	require.NoError(t, first.Synchronize())
	_, err = driver.Capture(cu.NoStream, func() error { return nil })
	answers(t, code(t, err), driver.StreamCaptureUnsupported)
}

// A graph of launches that say what they wait for: x0 = 2 x0 + 1 and x1 = 3 x1 + 2 at the same time, then the first again on both.
func TestGPUGraphOfNodes(t *testing.T) {
	inContext(t)
	scale := kernel(t, loadKernels(t), "scale")
	x := upload(t, count(512))
	require.NoError(t, cu.Synchronize())
	node := func(at, n int, factor, summand uint32, after ...int) driver.Node {
		return driver.Node{Function: scale, After: after, Launch: driver.Launch{Grid: [3]uint32{2, 1, 1}, Block: [3]uint32{256, 1, 1},
			Params: []any{x + cu.DevicePtr(4*at), factor, summand, uint32(n)}}}
	}
	stream, err := cu.MakeStream(cu.NonBlocking)
	require.NoError(t, err)
	graph, err := driver.NewGraph([]driver.Node{node(0, 256, 2, 1), node(256, 256, 3, 2), node(0, 512, 2, 1, 0, 1)})
	require.NoError(t, err)
	require.NoError(t, graph.Launch(stream))
	require.NoError(t, graph.Close())
	require.NoError(t, stream.Synchronize())
	for i, v := range download[uint32](t, x, 512) {
		if i < 256 {
			require.EqualValues(t, 2*(2*i+1)+1, v)
		} else {
			require.EqualValues(t, 2*(3*i+2)+1, v)
		}
	}
	none, err := driver.NewGraph(nil)
	require.NoError(t, err)
	require.NoError(t, errors.Join(none.Launch(stream), none.Close(), stream.Synchronize()))

	bad := node(0, 256, 2, 1)
	bad.Block[0] = 2048
	_, err = driver.NewGraph([]driver.Node{bad})
	answers(t, code(t, err), driver.InvalidValue)
	bad = node(0, 256, 2, 1)
	bad.Cooperative = true
	_, err = driver.NewGraph([]driver.Node{bad})
	assert.ErrorContains(t, err, "no cooperation")
	require.NoError(t, stream.Destroy())
}

// A graph is timed by launching it: once with the zero Timing, else until the time is up and the windows are full.
func TestGPUGraphTime(t *testing.T) {
	inContext(t)
	const n = 256
	x := upload(t, make([]uint32, n))
	stream, err := cu.MakeStream(cu.NonBlocking)
	require.NoError(t, err)
	scale := kernel(t, loadKernels(t), "scale")
	launch := driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{n, 1, 1}, Params: []any{x, uint32(1), uint32(1), uint32(n)}}
	graph, err := driver.Capture(stream, func() error { return driver.LaunchKernel(scale, launch, stream) })
	require.NoError(t, err)
	launches := func(timing driver.Timing) uint32 {
		before := download[uint32](t, x, 1)[0]
		median, err := graph.Time(stream, timing)
		require.NoError(t, err)
		assert.Positive(t, median)
		return download[uint32](t, x, 1)[0] - before
	}
	assert.EqualValues(t, 1, launches(driver.Timing{}))
	assert.EqualValues(t, 7, launches(driver.Timing{Windows: 7}), "a window holds a launch at least")
	assert.Greater(t, launches(driver.Timing{WarmUp: time.Millisecond, Window: 100 * time.Microsecond, Windows: 3}), uint32(5))
	require.NoError(t, graph.Close())
}

// An error of a kernel shows where somebody waits, and in everything from then on. libcuda asks for a new process after it.
func TestGPUStickyError(t *testing.T) {
	dev, err := cu.GetDevice(0)
	require.NoError(t, err)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ctx, err := dev.MakeContext(cu.SchedAuto)
	require.NoError(t, err)
	poke := kernel(t, loadKernels(t), "poke")
	launch := driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{1, 1, 1}, Params: []any{uint64(0x10), uint32(1)}}
	require.NoError(t, driver.LaunchKernel(poke, launch, cu.NoStream))
	err = cu.Synchronize()
	answers(t, code(t, err), driver.IllegalAddress)
	assert.Contains(t, driver.Explain(err).Error(), "CUDA_ERROR_ILLEGAL_ADDRESS (700)")
	answers(t, code(t, cu.Synchronize()), driver.IllegalAddress)
	_, err = cu.MemAlloc(4)
	answers(t, code(t, err), driver.IllegalAddress)
	_ = ctx.Destroy()
}

// What a launch costs the host, with the wait for it, on the device that is installed.
func BenchmarkLaunch(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ctx, err := cu.Device(0).MakeContext(cu.SchedAuto)
	require.NoError(b, err)
	defer ctx.Destroy()
	ptx, err := os.ReadFile("testdata/kernels.ptx")
	require.NoError(b, err)
	m, err := driver.LoadModule(ptx)
	require.NoError(b, err)
	f, err := m.Function("narrow")
	require.NoError(b, err)
	launch := driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{1, 1, 1}}
	for b.Loop() {
		require.NoError(b, driver.LaunchKernel(f, launch, cu.NoStream))
		require.NoError(b, cu.Synchronize())
	}
}
