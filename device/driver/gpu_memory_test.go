//go:build cuda && cgo

package driver_test

import (
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
)

func TestGPUMemory(t *testing.T) {
	inContext(t)
	values := count(1000)
	a := upload(t, values)
	b, err := cu.MemAlloc(4000)
	require.NoError(t, err)
	require.NoError(t, cu.MemcpyDtoD(b, a, 4000))
	assert.Equal(t, values, download[uint32](t, b, 1000))
	require.NoError(t, cu.Memcpy(b+400, a, 400))
	assert.Equal(t, values[:100], download[uint32](t, b+400, 100))

	require.NoError(t, cu.MemsetD8(b, 0xab, 16))
	require.NoError(t, cu.MemsetD16(b+16, 0x1234, 8))
	require.NoError(t, cu.MemsetD32(b+32, 0xdeadbeef, 4))
	assert.Equal(t, []uint32{0xabababab, 0xabababab, 0xabababab, 0xabababab, 0x12341234, 0x12341234, 0x12341234, 0x12341234,
		0xdeadbeef, 0xdeadbeef, 0xdeadbeef, 0xdeadbeef, 12}, download[uint32](t, b, 13))

	require.NoError(t, cu.MemsetD8Async(b, 1, 4, cu.NoStream))
	require.NoError(t, cu.MemsetD16Async(b+4, 2, 2, cu.NoStream))
	require.NoError(t, cu.MemsetD32Async(b+8, 3, 1, cu.NoStream))
	require.NoError(t, cu.MemcpyDtoDAsync(b+12, b, 4, cu.NoStream))
	require.NoError(t, cu.MemcpyAsync(b+16, b+8, 4, cu.NoStream))
	host, err := driver.AllocPinned(4)
	require.NoError(t, err)
	copy(host, []byte{77, 0, 0, 0})
	require.NoError(t, cu.Memcpy(b+20, cu.DevicePtr(uintptr(unsafe.Pointer(&host[0]))), 4)) // unified addresses
	assert.Equal(t, []uint32{0x01010101, 0x00020002, 3, 0x01010101, 3, 77}, download[uint32](t, b, 6))

	size, base, err := (b + 100).AddressRange()
	require.NoError(t, err)
	answers(t, size, 4000)
	answers(t, base, b)
	free, total, err := cu.MemInfo()
	require.NoError(t, err)
	assert.Greater(t, free, int64(0))
	assert.Greater(t, total, free)

	_, err = cu.MemAlloc(0)
	answers(t, code(t, err), driver.InvalidValue)
	_, err = cu.MemAlloc(1 << 50)
	answers(t, code(t, err), driver.OutOfMemory)
	require.NoError(t, cu.MemFree(a))
	require.NoError(t, cu.MemFree(b))
	answers(t, code(t, cu.MemFree(b)), driver.InvalidValue)
	var x uint32
	answers(t, code(t, cu.MemcpyDtoH(unsafe.Pointer(&x), 64, 4)), driver.InvalidValue)
}

func TestGPUPinnedMemory(t *testing.T) {
	inContext(t)
	in, err := driver.AllocPinned(400)
	require.NoError(t, err)
	out, err := driver.AllocPinned(400)
	require.NoError(t, err)
	stream, err := cu.MakeStream(cu.NonBlocking)
	require.NoError(t, err)
	p, err := cu.MemAlloc(400)
	require.NoError(t, err)
	for i := range in {
		in[i] = byte(i)
	}
	require.NoError(t, cu.MemcpyHtoDAsync(p, unsafe.Pointer(&in[0]), 400, stream))
	require.NoError(t, cu.MemcpyDtoHAsync(unsafe.Pointer(&out[0]), p, 400, stream))
	require.NoError(t, stream.Synchronize())
	assert.Equal(t, in, out)
	require.NoError(t, driver.FreePinned(in))
	require.NoError(t, driver.FreePinned(out))
	_, err = driver.AllocPinned(0)
	assert.ErrorContains(t, err, "must be positive")
}

func TestGPUModule(t *testing.T) {
	inContext(t)
	m := loadKernels(t)
	p, n, err := m.Global("table")
	require.NoError(t, err)
	require.Equal(t, int64(16), n)
	assert.Equal(t, []uint32{11, 22, 33, 44}, download[uint32](t, p, 4))

	_, err = m.Function("nowhere")
	answers(t, code(t, err), driver.NotFound)
	_, _, err = m.Global("nowhere")
	answers(t, code(t, err), driver.NotFound)

	_, err = driver.LoadModule([]byte(".version 7.0\n.target sm_75\n.address_size 64\n.visible .entry f() { no such; }\n"))
	answers(t, code(t, err), driver.InvalidPtx)
	answers(t, strings.Contains(err.Error(), "line 4"), true) // the compiler's message
	_, err = driver.LoadModule([]byte("nonsense"))
	require.Error(t, err)
	_, err = driver.LoadModule(nil)
	require.Error(t, err)

	ptx, err := os.ReadFile("testdata/kernels.ptx")
	require.NoError(t, err)
	_, err = cu.LoadData(string(ptx))
	require.NoError(t, err)
	other, err := cu.Load("testdata/kernels.ptx")
	require.NoError(t, err)
	require.NoError(t, other.Unload())
	_, err = cu.Load("testdata/nowhere.ptx")
	answers(t, code(t, err), driver.FileNotFound)
}
