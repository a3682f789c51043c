//go:build cuda && cgo

package driverapi

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
)

// These tests make the calls themselves, as cu does not make all of them, nor with wrong arguments.

func begin(t *testing.T) (context uintptr) {
	t.Helper()
	require.NoError(t, Install(Config{Chips: sim.Chips()[:1]}))
	runtime.LockOSThread()
	require.Equal(t, ok, simCtxCreate(&context, 0, 0))
	t.Cleanup(func() {
		assert.Equal(t, ok, simCtxDestroy(context))
		runtime.UnlockOSThread()
	})
	return context
}

const ok = int32(driver.Success)

// text is a C string.
func text(s string) unsafe.Pointer { return constant(s) }

func TestWrongArguments(t *testing.T) {
	context := begin(t)
	var (
		h, graph, exec, stream, event, foreign, module uintptr
		n                                              int32
		p                                              uint64
		host                                           unsafe.Pointer
		null                                           *unsafe.Pointer
	)
	require.Equal(t, ok, simStreamCreate(&stream, 0))
	require.Equal(t, ok, simStreamBeginCapture(stream, 1))
	require.Equal(t, ok, simStreamEndCapture(stream, &graph))
	require.Equal(t, ok, simGraphInstantiate(&exec, graph, 0))
	require.Equal(t, ok, simEventCreate(&event, 0))
	require.Equal(t, ok, simMemAlloc(&p, 64))
	ptx, err := os.ReadFile("../../driver/testdata/kernels.ptx")
	require.NoError(t, err)
	require.Equal(t, ok, simModuleLoadData(&module, text(string(ptx))))
	var function uintptr
	require.Equal(t, ok, simModuleGetFunction(&function, module, text("scale")))

	var other uintptr
	require.Equal(t, ok, simCtxCreate(&other, 0, 0))
	require.Equal(t, ok, simStreamCreate(&foreign, 0))
	require.Equal(t, ok, simCtxSetCurrent(context))
	t.Cleanup(func() { simCtxDestroy(other) })

	const nowhere = 12345
	for _, c := range []struct {
		name   string
		result int32
		want   driver.Result
	}{
		{"cuCtxCreate: device", simCtxCreate(&h, 0, 7), driver.InvalidDevice},
		{"cuCtxCreate: flags", simCtxCreate(&h, 1<<20, 0), driver.InvalidValue},
		{"cuCtxDestroy: handle", simCtxDestroy(stream), driver.InvalidContext},
		{"cuCtxSetCurrent: handle", simCtxSetCurrent(nowhere), driver.InvalidContext},
		{"cuCtxPushCurrent: handle", simCtxPushCurrent(nowhere), driver.InvalidContext},
		{"cuCtxGetApiVersion: handle", simCtxGetApiVersion(nowhere, new(uint32)), driver.InvalidContext},
		{"cuCtxGetLimit: limit", simCtxGetLimit(new(uint64), 99), driver.UnsupportedLimit},
		{"cuCtxSetLimit: limit", simCtxSetLimit(99, 1), driver.UnsupportedLimit},
		{"cuCtxEnablePeerAccess", simCtxEnablePeerAccess(other, 0), driver.PeerAccessUnsupported},
		{"cuDevicePrimaryCtxRetain: device", simDevicePrimaryCtxRetain(&h, -1), driver.InvalidDevice},
		{"cuDevicePrimaryCtxRelease: device", simDevicePrimaryCtxRelease(7), driver.InvalidDevice},
		{"cuDevicePrimaryCtxRelease: not retained", simDevicePrimaryCtxRelease(0), driver.InvalidContext},
		{"cuDeviceGetName: room", simDeviceGetName(nil, 0, 0), driver.InvalidValue},
		{"cuDeviceGetName: device", simDeviceGetName(nil, 1, 7), driver.InvalidDevice},
		{"cuDeviceCanAccessPeer: device", simDeviceCanAccessPeer(&n, 7, 0), driver.InvalidDevice},
		{"cuStreamCreate: flags", simStreamCreate(&h, 2), driver.InvalidValue},
		{"cuStreamDestroy: default stream", simStreamDestroy(0), driver.InvalidHandle},
		{"cuStreamDestroy: an event", simStreamDestroy(event), driver.InvalidHandle},
		{"cuStreamSynchronize: another context's", simStreamSynchronize(foreign), driver.InvalidHandle},
		{"cuStreamBeginCapture: mode", simStreamBeginCapture(stream, 3), driver.InvalidValue},
		{"cuStreamEndCapture: none", simStreamEndCapture(stream, &h), driver.IllegalState},
		{"cuStreamWaitEvent: flags", simStreamWaitEvent(stream, event, 9), driver.InvalidValue},
		{"cuStreamWaitEvent: event", simStreamWaitEvent(stream, stream, 0), driver.InvalidHandle},
		{"cuEventCreate: flags", simEventCreate(&h, 8), driver.InvalidValue},
		{"cuEventCreate: interprocess with timing", simEventCreate(&h, 4), driver.InvalidValue},
		{"cuEventRecord: stream", simEventRecord(event, nowhere), driver.InvalidHandle},
		{"cuEventRecord: another context's stream", simEventRecord(event, foreign), driver.InvalidHandle},
		{"cuGraphInstantiate: handle", simGraphInstantiate(&h, stream, 0), driver.InvalidHandle},
		{"cuGraphInstantiate: flags", simGraphInstantiate(&h, graph, 1), driver.NotSupported},
		{"cuGraphLaunch: a graph", simGraphLaunch(graph, stream), driver.InvalidHandle},
		{"cuGraphDestroy: an executable graph", simGraphDestroy(exec), driver.InvalidHandle},
		{"cuGraphExecDestroy: a graph", simGraphExecDestroy(graph), driver.InvalidHandle},
		{"cuMemAlloc: nothing", simMemAlloc(&p, 0), driver.InvalidValue},
		{"cuMemAlloc: one region's size", simMemAlloc(new(uint64), 5<<30), driver.OutOfMemory},
		{"cuMemAllocHost: nothing", simMemAllocHost(&host, 0), driver.InvalidValue},
		{"cuMemAllocHost: all there is", simMemAllocHost(&host, 1<<50), driver.InvalidValue},
		{"cuMemGetAddressRange", simMemGetAddressRange(nil, nil, nowhere), driver.NotFound},
		{"cuMemcpy: host to host", simMemcpy(nowhere, nowhere, 4), driver.InvalidValue},
		{"cuMemcpyDtoD: source", simMemcpyDtoD(p, nowhere, 4), driver.InvalidValue},
		{"cuMemcpyDtoD: size", simMemcpyDtoD(p, p+32, 33), driver.InvalidValue},
		{"cuMemsetD32: size", simMemsetD32(p, 0, 17), driver.InvalidValue},
		{"cuMemsetD32: size that wraps", simMemsetD32(p, 0, 1<<62+1), driver.InvalidValue},
		{"cuModuleLoadData: null", simModuleLoadData(&h, nil), driver.InvalidValue},
		{"cuModuleLoadDataEx: options", simModuleLoadDataEx(&h, text(""), 1, nil, nil), driver.InvalidValue},
		{"cuModuleUnload: handle", simModuleUnload(stream), driver.InvalidHandle},
		{"cuModuleGetFunction: handle", simModuleGetFunction(&h, stream, text("scale")), driver.InvalidHandle},
		{"cuModuleGetFunction: null", simModuleGetFunction(&h, module, nil), driver.InvalidValue},
		{"cuModuleGetGlobal: handle", simModuleGetGlobal(nil, nil, stream, text("table")), driver.InvalidHandle},
		{"cuFuncGetAttribute: handle", simFuncGetAttribute(&n, 0, stream), driver.InvalidHandle},
		{"cuFuncGetAttribute: attribute", simFuncGetAttribute(&n, 99, function), driver.NotSupported},
		{"cuFuncSetAttribute: handle", simFuncSetAttribute(stream, 8, 0), driver.InvalidHandle},
		{"cuFuncSetAttribute: carveout", simFuncSetAttribute(function, 9, 101), driver.InvalidValue},
		{"cuFuncSetAttribute: attribute", simFuncSetAttribute(function, 4, 10), driver.InvalidValue},
		{"cuOccupancy: handle", simOccupancyMaxActiveBlocks(&n, stream, 32, 0), driver.InvalidHandle},
		{"cuOccupancy: threads", simOccupancyMaxActiveBlocks(&n, function, 0, 0), driver.InvalidValue},
		{"cuLaunchKernel: handle", simLaunchKernel(stream, 1, 1, 1, 1, 1, 1, 0, 0, null, null), driver.InvalidHandle},
		{"cuLaunchKernel: no parameters", simLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, 0, null, null), driver.InvalidValue},
		{"cuLaunchKernel: null parameter", simLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, 0, &[]unsafe.Pointer{4: nil}[0], null), driver.InvalidValue},
		{"cuGetErrorString", simGetErrorString(-5, new(unsafe.Pointer)), driver.InvalidValue},
		{"cuGetErrorName", simGetErrorName(12345, new(unsafe.Pointer)), driver.InvalidValue},
	} {
		assert.Equal(t, int32(c.want), c.result, c.name)
	}
	assert.Equal(t, ok, simCtxSynchronize(), "none of these is sticky")
}

// Parameters can come as one buffer.
func TestParametersInABuffer(t *testing.T) {
	begin(t)
	var module, function uintptr
	var p uint64
	ptx, err := os.ReadFile("../../driver/testdata/kernels.ptx")
	require.NoError(t, err)
	require.Equal(t, ok, simModuleLoadData(&module, text(string(ptx))))
	require.Equal(t, ok, simModuleGetFunction(&function, module, text("scale")))
	require.Equal(t, ok, simMemAlloc(&p, 16))
	require.Equal(t, ok, simMemsetD32(p, 5, 4))
	params := struct {
		x               uint64
		factor, term, n uint32
	}{p, 3, 1, 4}
	launch := func(size uint64, marks ...uintptr) int32 {
		extra := []unsafe.Pointer{address(uint64(marks[0])), unsafe.Pointer(&params), address(uint64(marks[1])), unsafe.Pointer(&size), nil}
		return simLaunchKernel(function, 1, 1, 1, 4, 1, 1, 0, 0, nil, &extra[0])
	}
	assert.Equal(t, ok, launch(20, paramBuffer, paramSize))
	got := make([]uint32, 4)
	require.Equal(t, ok, simMemcpyDtoH(unsafe.Pointer(&got[0]), p, 16))
	assert.Equal(t, []uint32{16, 16, 16, 16}, got)
	assert.Equal(t, int32(driver.InvalidValue), launch(16, paramBuffer, paramSize), "too short")
	assert.Equal(t, int32(driver.InvalidValue), launch(20, paramBuffer, 77), "unknown mark")
	assert.Equal(t, int32(driver.InvalidValue), launch(20, paramSize, paramSize), "no buffer")
}

// A capture ends in its stream and, but in the relaxed mode, in its thread.
func TestEndOfCapture(t *testing.T) {
	context := begin(t)
	var first, second, event, graph uintptr
	require.Equal(t, ok, simStreamCreate(&first, 0))
	require.Equal(t, ok, simStreamCreate(&second, 0))
	require.Equal(t, ok, simEventCreate(&event, 0))
	inThread := func(f func() int32) int32 {
		result := make(chan int32)
		go func() {
			runtime.LockOSThread() // and ends with the goroutine
			simCtxSetCurrent(context)
			result <- f()
		}()
		return <-result
	}
	end := func() int32 { return simStreamEndCapture(first, &graph) }
	for mode, want := range map[int32]driver.Result{0: driver.StreamCaptureWrongThread, 1: driver.StreamCaptureWrongThread, 2: driver.Success} {
		require.Equal(t, ok, simStreamBeginCapture(first, mode))
		assert.Equal(t, int32(want), inThread(end), mode)
		if want != driver.Success {
			assert.Equal(t, ok, end())
		}
	}
	// A relaxed capture minds no allocation, a global one minds those of all threads.
	var p uint64
	allocate := func() int32 { return simMemAlloc(&p, 4) }
	require.Equal(t, ok, simStreamBeginCapture(first, 2))
	assert.Equal(t, ok, allocate())
	require.Equal(t, ok, end())
	require.Equal(t, ok, simStreamBeginCapture(first, 0))
	assert.Equal(t, int32(driver.StreamCaptureUnsupported), inThread(allocate))
	require.Equal(t, int32(driver.StreamCaptureInvalidated), end())

	require.Equal(t, ok, simStreamBeginCapture(first, 1))
	require.Equal(t, ok, simEventRecord(event, first))
	require.Equal(t, ok, simStreamWaitEvent(second, event, 0))
	assert.Equal(t, int32(driver.StreamCaptureUnmatched), simStreamEndCapture(second, &graph))
	assert.Equal(t, int32(driver.StreamCaptureInvalidated), simMemsetD8Async(mustAllocate(t), 0, 1, first))
	assert.Equal(t, int32(driver.StreamCaptureInvalidated), end())
	assert.Zero(t, graph)

	// A graph in a graph is refused; a destroyed stream spoils its capture; the default stream can't join one.
	require.Equal(t, ok, simStreamBeginCapture(first, 1))
	require.Equal(t, ok, end())
	var exec uintptr
	require.Equal(t, ok, simGraphInstantiate(&exec, graph, 0))
	require.Equal(t, ok, simGraphDestroy(graph))
	require.Equal(t, ok, simStreamBeginCapture(first, 1))
	assert.Equal(t, int32(driver.NotSupported), simGraphLaunch(exec, first))
	assert.Equal(t, int32(driver.StreamCaptureInvalidated), end())
	require.Equal(t, ok, simStreamBeginCapture(first, 1))
	require.Equal(t, ok, simEventRecord(event, first))
	assert.Equal(t, int32(driver.StreamCaptureImplicit), simStreamWaitEvent(0, event, 0))
	require.Equal(t, ok, simStreamWaitEvent(second, event, 0))
	require.Equal(t, ok, simStreamDestroy(second))
	assert.Equal(t, int32(driver.StreamCaptureInvalidated), end())
}

func mustAllocate(t *testing.T) (p uint64) {
	var h uintptr
	require.Equal(t, ok, simCtxGetCurrent(&h))
	machine.Load().mu.Lock() // past the capture, which minds
	defer machine.Load().mu.Unlock()
	c := machine.Load().handles[h].(*context)
	p, err := c.device.Alloc(16)
	require.NoError(t, err)
	return p
}

// Every sentence has a code that cuda.h knows.
func TestSentences(t *testing.T) {
	for r, s := range sentences {
		assert.True(t, r.Known(), r)
		assert.False(t, strings.HasSuffix(s, "."), s)
	}
}
