//go:build cuda && cgo

package driverapi_test

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/driverapi"
)

// install makes a machine for the test.
func install(t *testing.T, config driverapi.Config) {
	t.Helper()
	require.NoError(t, driverapi.Install(config))
}

// inContext makes a context on a device current; the test's end destroys it.
func inContext(t *testing.T, ordinal int) cu.CUContext {
	t.Helper()
	runtime.LockOSThread()
	ctx, err := cu.Device(ordinal).MakeContext(cu.SchedAuto)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, ctx.Destroy())
		runtime.UnlockOSThread()
	})
	return ctx
}

// loadKernels loads what the tests of device/driver use.
func loadKernels(t *testing.T) cu.Module {
	t.Helper()
	ptx, err := os.ReadFile("../../driver/testdata/kernels.ptx")
	require.NoError(t, err)
	m, err := driver.LoadModule(ptx)
	require.NoError(t, err)
	return m
}

func kernels(t *testing.T) func(name string) cu.Function {
	t.Helper()
	m := loadKernels(t)
	return func(name string) cu.Function {
		f, err := driver.Function(m, name)
		require.NoError(t, err)
		return f
	}
}

func code(t *testing.T, err error) driver.Result {
	t.Helper()
	r, ok := driver.ResultOf(err)
	require.True(t, ok, "%v has no code", err)
	return r
}

func stream(t *testing.T, flags cu.StreamFlags) cu.Stream {
	t.Helper()
	s, err := cu.MakeStream(flags)
	require.NoError(t, err)
	return s
}

func event(t *testing.T) cu.Event {
	t.Helper()
	e, err := cu.MakeEvent(cu.DefaultEvent)
	require.NoError(t, err)
	return e
}

// memory is n words of device memory that hold a value, with nothing left to run.
func memory(t *testing.T, n int, value uint32) cu.DevicePtr {
	t.Helper()
	p, err := cu.MemAlloc(int64(4 * n))
	require.NoError(t, err)
	require.NoError(t, cu.MemsetD32(p, value, int64(n)))
	require.NoError(t, cu.Synchronize())
	return p
}

// pinned is page-locked memory of n words.
func pinned(t *testing.T, n int) []uint32 {
	t.Helper()
	b, err := driver.AllocPinned(4 * n)
	require.NoError(t, err)
	return unsafe.Slice((*uint32)(unsafe.Pointer(&b[0])), n)
}

func word(t *testing.T, p cu.DevicePtr) uint32 {
	t.Helper()
	var v uint32
	require.NoError(t, cu.MemcpyDtoH(unsafe.Pointer(&v), p, 4))
	return v
}

// peek reads a word of device memory past everything that is queued, through a stream of its own.
func peek(t *testing.T, p cu.DevicePtr) uint32 {
	t.Helper()
	s := stream(t, cu.NonBlocking)
	var v uint32
	require.NoError(t, cu.MemcpyDtoHAsync(unsafe.Pointer(&v), p, 4, s))
	require.NoError(t, s.Destroy())
	return v
}

// increment queues x[i]++ for n words.
func increment(t *testing.T, scale cu.Function, x cu.DevicePtr, n uint32, s cu.Stream) {
	t.Helper()
	require.NoError(t, driver.LaunchKernel(scale, driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{n, 1, 1}, Params: []any{x, uint32(1), uint32(1), n}}, s))
}

func TestEveryFunctionIsInTheHeader(t *testing.T) {
	install(t, driverapi.Config{}) // it fails otherwise
}

func TestNotSupported(t *testing.T) {
	install(t, driverapi.Config{})
	inContext(t, 0)
	_, err := cu.MemAllocManaged(16, cu.AttachGlobal)
	assert.Equal(t, driver.NotSupported, code(t, err))
	graph, err := cu.MakeGraph()
	require.NoError(t, err)
	_, err = graph.Clone()
	assert.Equal(t, driver.NotSupported, code(t, err))
	assert.Contains(t, driver.Explain(err).Error(), "the simulated driver does not have this")
}

// The chips are what their table says.
func TestChips(t *testing.T) {
	chips := sim.Chips()
	install(t, driverapi.Config{Chips: chips})
	r := driver.Probe()
	require.Len(t, r.GPUs, len(chips))
	for i, g := range r.GPUs {
		c := chips[i]
		assert.Equal(t, driver.GPU{Ordinal: i, Name: c.Product + " (simulated)", Memory: c.MemoryBytes, Major: c.Major, Minor: c.Minor, SMs: c.SMs,
			ClockMHz: c.ClockMHz, SharedMemory: int(c.SharedPerBlockOptin), UUID: fmt.Sprintf("GPU-73696d75-6c61-7465-6420-4750552030%x", '0'+i)}, g)
	}
	assert.Equal(t, "simulated GPU", r.Driver)
}

func TestSeveralDevices(t *testing.T) {
	chip := sim.Chips()[1]
	var launches []driverapi.Launch
	install(t, driverapi.Config{Chips: []sim.Chip{chip, chip, chip}, Launched: func(l driverapi.Launch) { launches = append(launches, l) }})
	n, err := cu.NumDevices()
	require.NoError(t, err)
	require.Equal(t, 3, n)

	first := inContext(t, 0)
	f0 := kernels(t)("scale")
	a := memory(t, 4, 10)
	second := inContext(t, 2)
	f2 := kernels(t)("scale")
	b := memory(t, 4, 20)
	assert.NotEqual(t, a, b)
	increment(t, f2, b, 4, cu.NoStream)
	assert.Equal(t, uint32(21), word(t, b))
	// A function of another device's context is refused, its memory out of reach for kernels but not for copies.
	assert.Equal(t, driver.InvalidHandle, code(t, driver.LaunchKernel(f0, driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{1, 1, 1},
		Params: []any{a, uint32(1), uint32(1), uint32(1)}}, cu.NoStream)))
	require.NoError(t, cu.MemcpyPeer(b, second, a, first, 8))
	assert.Equal(t, uint32(10), word(t, b))

	require.NoError(t, cu.SetCurrentContext(first))
	increment(t, f0, a, 4, cu.NoStream)
	assert.Equal(t, uint32(11), word(t, a))
	require.NoError(t, cu.SetCurrentContext(second))
	require.Len(t, launches, 2)
	assert.Equal(t, 2, launches[0].Device)
	assert.Equal(t, "scale", launches[0].Kernel)
	assert.Equal(t, [3]uint32{4, 1, 1}, launches[0].Block)
	assert.NotNil(t, launches[0].Counters)
	can, err := cu.Device(0).CanAccessPeer(1)
	require.NoError(t, err)
	assert.Zero(t, can)

	increment(t, f2, a, 4, cu.NoStream)
	assert.Equal(t, driver.IllegalAddress, code(t, cu.Synchronize()))
}

// An old handle is refused, and never comes back.
func TestHandlesAreNotUsedTwice(t *testing.T) {
	install(t, driverapi.Config{})
	inContext(t, 0)
	s := stream(t, cu.DefaultStream)
	old := s
	require.NoError(t, s.Destroy())
	assert.True(t, old != stream(t, cu.DefaultStream))
	assert.Equal(t, driver.InvalidHandle, code(t, old.Synchronize()))
	e := event(t)
	gone := e
	require.NoError(t, cu.DestroyEvent(&e))
	assert.Equal(t, driver.InvalidHandle, code(t, gone.Query()))

	ctx, err := cu.Device(0).MakeContext(cu.SchedAuto)
	require.NoError(t, err)
	require.NoError(t, cu.PushCurrentCtx(ctx))
	dead := ctx
	require.NoError(t, ctx.Destroy())
	_, err = cu.MemAlloc(4) // the context is on the thread's stack once more
	assert.Equal(t, driver.ContextIsDestroyed, code(t, err))
	_, err = cu.PopCurrentCtx()
	require.NoError(t, err)
	assert.Equal(t, driver.InvalidContext, code(t, cu.PushCurrentCtx(dead)))
}

func TestModuleForAnotherMachine(t *testing.T) {
	install(t, driverapi.Config{Chips: sim.Chips()[:1]})
	inContext(t, 0)
	_, err := driver.LoadModule([]byte("\x7fELF machine code"))
	assert.Equal(t, driver.NoBinaryForGpu, code(t, err))
	assert.ErrorContains(t, err, "the simulated GPU runs PTX, not machine code: compile for compute_90")
}

// What a check finds is an error with its report.
func TestReports(t *testing.T) {
	install(t, driverapi.Config{Options: sim.Options{Checks: sim.AllChecks}})
	inContext(t, 0)
	scale := kernels(t)("scale")
	x, err := cu.MemAlloc(16) // never written
	require.NoError(t, err)
	increment(t, scale, x, 4, cu.NoStream)
	err = driver.Explain(cu.Synchronize())
	assert.Equal(t, driver.LaunchFailed, code(t, err))
	assert.ErrorContains(t, err, "uninitialised")
	assert.ErrorContains(t, err, "kernel scale")
	assert.Empty(t, driver.Detail(), "it was taken")
	assert.ErrorContains(t, driver.Explain(cu.Synchronize()), "uninitialised", "a sticky error keeps its report")

	inContext(t, 0)
	scale = kernels(t)("scale")
	increment(t, scale, memory(t, 4, 0), 5, cu.NoStream)
	err = driver.Explain(cu.Synchronize())
	assert.Equal(t, driver.IllegalAddress, code(t, err))
	assert.ErrorContains(t, err, "out of bounds")

	inContext(t, 0)
	poke := kernels(t)("poke")
	require.NoError(t, driver.LaunchKernel(poke, driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{1, 1, 1}, Params: []any{memory(t, 4, 0) + 2, uint32(1)}}, cu.NoStream))
	assert.Equal(t, driver.MisalignedAddress, code(t, cu.Synchronize()))
}

func TestRefusalsSayWhy(t *testing.T) {
	install(t, driverapi.Config{Chips: sim.Chips()[:1]})
	inContext(t, 0)
	k := kernels(t)
	for want, launch := range map[string]struct {
		kernel string
		driver.Launch
	}{
		"bytes of dynamic shared memory": {"reverse", driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{4, 1, 1}, SharedMemory: 49 << 10, Params: []any{uint64(0)}}},
		"2000 threads in a block":        {"narrow", driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{1000, 2, 1}}},
		"compiled for at most 64":        {"narrow", driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{65, 1, 1}}},
		"grid [0 1 1]":                   {"narrow", driver.Launch{Grid: [3]uint32{0, 1, 1}, Block: [3]uint32{1, 1, 1}}},
		"no clusters":                    {"narrow", driver.Launch{Grid: [3]uint32{2, 1, 1}, Block: [3]uint32{1, 1, 1}, Cluster: [3]uint32{2, 1, 1}}},
		"holds 4224 at once":             {"narrow", driver.Launch{Grid: [3]uint32{4225, 1, 1}, Block: [3]uint32{1, 1, 1}, Cooperative: true}},
	} {
		assert.ErrorContains(t, driver.LaunchKernel(k(launch.kernel), launch.Launch, cu.NoStream), want)
	}
	require.NoError(t, driver.LaunchKernel(k("narrow"), driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{1, 1, 1}, Cluster: [3]uint32{1, 1, 1}, Overlap: true, Priority: 3},
		cu.NoStream), "attributes that change nothing")
	require.NoError(t, driver.LaunchKernel(k("narrow"), driver.Launch{Grid: [3]uint32{4224, 1, 1}, Block: [3]uint32{1, 1, 1}, Cooperative: true}, cu.NoStream))
	assert.Equal(t, driver.CooperativeLaunchTooLarge, code(t, driver.LaunchKernel(k("narrow"), driver.Launch{Grid: [3]uint32{4225, 1, 1}, Block: [3]uint32{1, 1, 1},
		Cooperative: true}, cu.NoStream)))
	assert.Equal(t, driver.LaunchOutOfResources, code(t, driver.LaunchKernel(k("narrow"), driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{65, 1, 1}}, cu.NoStream)))
	var v uint32
	x := memory(t, 4, 0)
	assert.ErrorContains(t, driver.Explain(cu.MemcpyDtoH(unsafe.Pointer(&v), x+14, 4)), "4 bytes at offset 14 of an allocation of 16 bytes")
	assert.ErrorContains(t, driver.Explain(cu.MemcpyDtoH(unsafe.Pointer(&v), 0x1000, 4)), "0x1000 is no address in device memory")
	assert.ErrorContains(t, driver.Explain(cu.MemFree(x+4)), "is no address that cuMemAlloc gave")
	assert.ErrorContains(t, driver.Explain(cu.MemsetD32(x+2, 0, 1)), "a fill with elements of 4 bytes")
	assert.ErrorContains(t, driver.Explain(cu.MemFreeHost(unsafe.Pointer(new(int)))), "no page-locked memory begins at")
	_, err := cu.MemAlloc(int64(sim.Chips()[0].MemoryBytes))
	assert.ErrorContains(t, driver.Explain(err), "in use")
	require.NoError(t, cu.Synchronize(), "none of these is sticky")

	require.Error(t, cu.MemFree(x+4)) // explained, and not asked for
	_, err = cu.MemAlloc(0)
	assert.NotContains(t, driver.Explain(err).Error(), "cuMemAlloc gave", "the explanation of another failure")
}

// Several threads work at once, on devices of their own and on a shared one.
func TestManyThreads(t *testing.T) {
	chip := sim.Chips()[2]
	install(t, driverapi.Config{Chips: []sim.Chip{chip, chip}})
	shared := inContext(t, 0)
	scale := kernels(t)("scale")
	x := memory(t, 32, 0)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			runtime.LockOSThread() // and ends with the goroutine
			if i%2 == 0 {
				require.NoError(t, cu.SetCurrentContext(shared))
				s := stream(t, cu.DefaultStream)
				for range 50 {
					increment(t, scale, x, 32, s)
					require.NoError(t, s.Synchronize())
				}
				return
			}
			ctx, err := cu.Device(1).MakeContext(cu.SchedAuto)
			require.NoError(t, err)
			mine := kernels(t)("scale")
			y := memory(t, 32, 0)
			for j := range uint32(50) {
				increment(t, mine, y, 32, cu.NoStream)
				require.Equal(t, j+1, word(t, y))
			}
			require.NoError(t, ctx.Destroy())
		})
	}
	wg.Wait()
	assert.Equal(t, uint32(100), word(t, x))
}

// A context's memory and modules go with it.
func TestContextTakesItsMemory(t *testing.T) {
	install(t, driverapi.Config{})
	inContext(t, 0)
	before, _, err := cu.MemInfo()
	require.NoError(t, err)
	ctx, err := cu.Device(0).MakeContext(cu.SchedAuto)
	require.NoError(t, err)
	for _, take := range []func(){func() { memory(t, 100, 0) }, func() { kernels(t) }} {
		free, _, err := cu.MemInfo()
		require.NoError(t, err)
		take()
		less, _, err := cu.MemInfo()
		require.NoError(t, err)
		require.Less(t, less, free)
	}
	require.NoError(t, ctx.Destroy())
	after, _, err := cu.MemInfo()
	require.NoError(t, err)
	assert.Equal(t, before, after)
}
