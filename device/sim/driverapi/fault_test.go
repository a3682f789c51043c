//go:build cuda && cgo

package driverapi_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/driverapi"
)

func TestFaultList(t *testing.T) {
	for _, list := range []string{"oom", "oom@", "oom@0", "oom@-1", "oom@x", "fire@1", "@1", "oom@1;copy@2"} {
		assert.ErrorContains(t, driverapi.Install(driverapi.Config{Faults: list}), "want a kind of oom, launch, copy, load, function, lost, @ and a count from 1", list)
	}
	for _, list := range []string{"oom=2@1", "launch=@1", "launch=0@1", "launch=12345@1", "copy=ecc@1"} {
		assert.ErrorContains(t, driverapi.Install(driverapi.Config{Faults: list}), "want launch, copy, load or function, = and a code of the driver", list)
	}
	assert.NoError(t, driverapi.Install(driverapi.Config{Faults: " oom@17, launch=715@3,"}))
	t.Setenv("CNN_GPU_SIM_FAULT", "nonsense")
	assert.ErrorContains(t, driverapi.Install(driverapi.Config{}), `fault "nonsense"`)
}

// One allocation fails, of whichever memory; nothing else is the matter.
func TestFaultOutOfMemory(t *testing.T) {
	t.Setenv("CNN_GPU_SIM_FAULT", "oom@3")
	install(t, driverapi.Config{})
	inContext(t, 0)
	_, err := cu.MemAlloc(16)
	require.NoError(t, err)
	_, err = driver.AllocPinned(16)
	require.NoError(t, err)
	_, err = cu.MemAlloc(16)
	assert.Equal(t, driver.OutOfMemory, code(t, err))
	assert.ErrorContains(t, driver.Explain(err), "fault oom@N of CNN_GPU_SIM_FAULT")
	_, err = cu.MemAlloc(16)
	require.NoError(t, err)
}

func TestFaultOutOfPinnedMemory(t *testing.T) {
	install(t, driverapi.Config{Faults: "oom@1"})
	inContext(t, 0)
	_, err := driver.AllocPinned(16)
	assert.Equal(t, driver.OutOfMemory, code(t, err))
}

// A launch fails when it runs: the launch itself answers success, the wait does not, and the later work is dropped.
func TestFaultLaunch(t *testing.T) {
	ran := 0
	install(t, driverapi.Config{Faults: "launch@2", Launched: func(driverapi.Launch) { ran++ }})
	ctx := inContext(t, 0)
	scale := kernels(t)("scale")
	x := memory(t, 4, 0)
	s := stream(t, cu.NonBlocking)
	for range 3 {
		increment(t, scale, x, 4, s)
	}
	err := s.Synchronize()
	assert.Equal(t, driver.LaunchFailed, code(t, err))
	assert.ErrorContains(t, driver.Explain(err), "fault launch@N of CNN_GPU_SIM_FAULT")
	for _, err := range []error{cu.Synchronize(), cu.MemFree(x), s.Query(), cu.MemsetD8(x, 0, 1)} {
		assert.Equal(t, driver.LaunchFailed, code(t, err), "the error is sticky")
	}
	assert.Equal(t, 2, ran, "what came later is dropped")
	_, err = cu.PopCurrentCtx()
	require.NoError(t, err)
	defer func() { require.NoError(t, cu.PushCurrentCtx(ctx)) }()

	other, err := cu.Device(0).MakeContext(cu.SchedAuto)
	require.NoError(t, err)
	scale = kernels(t)("scale")
	y := memory(t, 4, 0)
	increment(t, scale, y, 4, cu.NoStream)
	assert.Equal(t, uint32(1), word(t, y), "another context is not concerned")
	require.NoError(t, other.Destroy())
}

func TestFaultCopy(t *testing.T) {
	install(t, driverapi.Config{Faults: "copy@2"})
	inContext(t, 0)
	x := memory(t, 4, 1)
	v := uint32(5)
	s := stream(t, cu.NonBlocking)
	require.NoError(t, cu.MemcpyHtoDAsync(x, unsafe.Pointer(&v), 4, s))
	require.NoError(t, cu.MemcpyHtoDAsync(x+4, unsafe.Pointer(&v), 4, s))
	assert.Equal(t, driver.EccUncorrectable, code(t, s.Synchronize()))
	assert.Equal(t, driver.EccUncorrectable, code(t, cu.MemcpyDtoH(unsafe.Pointer(&v), x, 4)))
}

// A lost device takes all of its contexts with it, and lets none be made; others go on.
func TestFaultLost(t *testing.T) {
	chip := sim.Chips()[0]
	install(t, driverapi.Config{Chips: []sim.Chip{chip, chip}, Faults: "lost@5"})
	first := inContext(t, 0)
	second := inContext(t, 0)
	scale := kernels(t)("scale")
	x := memory(t, 4, 0) // the first piece of work
	for range 4 {
		increment(t, scale, x, 4, cu.NoStream)
	}
	err := cu.Synchronize()
	assert.Equal(t, driver.DeviceUnavailable, code(t, err))
	assert.ErrorContains(t, driver.Explain(err), "device 0 is gone")
	require.NoError(t, cu.SetCurrentContext(first))
	_, err = cu.MemAlloc(4)
	assert.Equal(t, driver.DeviceUnavailable, code(t, err))
	_, err = cu.Device(0).MakeContext(cu.SchedAuto)
	assert.Equal(t, driver.DeviceUnavailable, code(t, err))
	_, err = cu.Device(0).RetainPrimaryCtx()
	assert.Equal(t, driver.DeviceUnavailable, code(t, err))
	require.NoError(t, cu.SetCurrentContext(second))

	inContext(t, 1)
	assert.Equal(t, uint32(7), word(t, memory(t, 1, 7)))
}
