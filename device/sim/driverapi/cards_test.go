//go:build cuda && cgo

package driverapi_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/driverapi"
)

// A driver says of each device what its card does, and gives no context where another process has it.
func TestCards(t *testing.T) {
	chip := sim.Chips()[0]
	install(t, driverapi.Config{Chips: []sim.Chip{chip, chip, chip}, Cards: []driverapi.Card{
		{Attributes: map[int32]int{int32(cu.ClockRate): 0, int32(cu.ComputeMode): 2}}, {InUse: true},
	}})
	for ordinal, want := range [][2]int{{0, 2}, {chip.ClockMHz * 1000, 0}} {
		d, err := cu.GetDevice(ordinal)
		require.NoError(t, err)
		clock, err := d.Attribute(cu.ClockRate)
		require.NoError(t, err)
		mode, err := d.Attribute(cu.ComputeMode)
		require.NoError(t, err)
		assert.Equal(t, want, [2]int{clock, mode})
	}
	_, err := cu.Device(1).RetainPrimaryCtx()
	assert.Equal(t, driver.DeviceUnavailable, code(t, err))
	_, err = cu.Device(1).MakeContext(cu.SchedAuto)
	assert.Equal(t, driver.DeviceUnavailable, code(t, err))
	inContext(t, 2)
}

// The probe describes what is there: of a slice its own name, no clock that cannot be, and one card that fails leaves the others.
func TestCardsInTheProbe(t *testing.T) {
	chip := sim.Chips()[0]
	slice := chip
	slice.Product, slice.SMs, slice.MemoryBytes = "NVIDIA H200 MIG 1g.18gb", 16, 16<<30
	install(t, driverapi.Config{Chips: []sim.Chip{chip, slice, chip}, Cards: []driverapi.Card{
		{Silent: true}, {Attributes: map[int32]int{int32(cu.ClockRate): 1980}},
	}})
	list := driver.Probe().GPUs
	require.Len(t, list, 3)
	assert.Contains(t, list[0].Problem, "cuDeviceGetName: CUDA_ERROR_DEVICE_UNAVAILABLE (46)")
	assert.Empty(t, list[1].Problem)
	assert.True(t, list[1].IsSlice())
	assert.Equal(t, "MIG-73696d75-6c61-7465-6420-4d4947203031", list[1].UUID)
	assert.Equal(t, 16, list[1].SMs)
	assert.EqualValues(t, 16<<30, list[1].Memory)
	assert.Zero(t, list[1].ClockMHz, "1980 kHz")
	assert.Equal(t, chip.ClockMHz, list[2].ClockMHz)
	assert.Equal(t, "GPU-73696d75-6c61-7465-6420-475055203032", list[2].UUID)
	for kHz, is := range map[int]bool{0: false, 1980: false, 1_980_000: true, 14_001_000: true, 1_980_000_000: false} {
		assert.Equal(t, is, driver.IsClock(kHz), kHz)
	}
}

// What other processes hold is nobody else's.
func TestMemoryOfOthers(t *testing.T) {
	chip := sim.Chips()[0]
	install(t, driverapi.Config{Cards: []driverapi.Card{{Taken: chip.MemoryBytes - 1000}}})
	inContext(t, 0)
	free, total, err := cu.MemInfo()
	require.NoError(t, err)
	assert.EqualValues(t, 1000, free)
	assert.EqualValues(t, chip.MemoryBytes, total)
	_, err = cu.MemAlloc(1001)
	assert.Equal(t, driver.OutOfMemory, code(t, err))
	_, err = cu.MemAlloc(500)
	assert.NoError(t, err)
}

// A driver takes PTX up to the version of its own CUDA.
func TestPTXOfANewerVersion(t *testing.T) {
	ptx, err := os.ReadFile("../../driver/testdata/kernels.ptx")
	require.NoError(t, err)
	older := strings.Replace(string(ptx), string(ptx[strings.Index(string(ptx), ".version"):strings.Index(string(ptx), ".target")]), ".version 8.4\n", 1)
	newer := strings.Replace(older, ".version 8.4", ".version 8.5", 1)
	install(t, driverapi.Config{CUDA: 12040})
	assert.Equal(t, 12040, cu.Version())
	inContext(t, 0)
	_, err = driver.LoadModule([]byte(newer))
	assert.Equal(t, driver.UnsupportedPtxVersion, code(t, err))
	assert.ErrorContains(t, err, "newer version than 8.4, the last that a driver of CUDA 12.4 knows")
	m, err := driver.LoadModule([]byte(older))
	require.NoError(t, err)
	require.NoError(t, m.Unload())
}

// A fault may be any of the driver's codes.
func TestFaultsOfOtherCodes(t *testing.T) {
	install(t, driverapi.Config{Faults: "launch=715@1,load=222@2"})
	inContext(t, 0)
	scale := kernels(t)("scale")
	_, err := driver.LoadModule([]byte(".version 8.0\n.target sm_90\n.address_size 64\n"))
	assert.Equal(t, driver.UnsupportedPtxVersion, code(t, err))
	increment(t, scale, memory(t, 4, 0), 4, cu.NoStream)
	assert.Equal(t, driver.IllegalInstruction, code(t, cu.Synchronize()))
}
