package sim_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// hopper is the chip of most tests: it knows every instruction that the tables have.
func hopper(t testing.TB) sim.Chip {
	chip, err := sim.ChipByName("h200")
	require.NoError(t, err)
	return chip
}

func checked(t testing.TB) *sim.Device {
	return sim.NewDevice(hopper(t), sim.Options{Checks: sim.AllChecks, Workers: 2})
}

// pack lays out a kernel's parameters: each at a multiple of its size.
func pack(args ...any) []byte {
	var p []byte
	for _, a := range args {
		for len(p)%binary.Size(a) != 0 {
			p = append(p, 0)
		}
		p, _ = binary.Append(p, binary.LittleEndian, a)
	}
	return p
}

// upload brings values to the device and returns their address.
func upload(t testing.TB, d *sim.Device, values any) uint64 {
	p, err := binary.Append(nil, binary.LittleEndian, values)
	require.NoError(t, err)
	ptr, err := d.Alloc(uint64(len(p)))
	require.NoError(t, err)
	require.NoError(t, d.Write(ptr, p))
	return ptr
}

// download fills the slice from device memory.
func download(t testing.TB, d *sim.Device, ptr uint64, values any) {
	p := make([]byte, binary.Size(values))
	require.NoError(t, d.Read(ptr, p))
	_, err := binary.Decode(p, binary.LittleEndian, values)
	require.NoError(t, err)
}

func alloc(t testing.TB, d *sim.Device, bytes uint64) uint64 {
	ptr, err := d.Alloc(bytes)
	require.NoError(t, err)
	return ptr
}

func kernelOf(t testing.TB, d *sim.Device, ptx, name string) *sim.Kernel {
	m, err := d.Load([]byte(ptx))
	require.NoError(t, err, "%s", numbered(ptx))
	k, err := m.Kernel(name)
	require.NoError(t, err, "%s", numbered(ptx))
	return k
}

func numbered(text string) string {
	lines := strings.Split(text, "\n")
	if len(lines) > 200 {
		return "" // not written by hand
	}
	for i := range lines {
		lines[i] = fmt.Sprintf("%3d  %s", i+1, lines[i])
	}
	return strings.Join(lines, "\n")
}

// linear is a grid or a block of one dimension.
func linear(n int) [3]uint32 { return [3]uint32{uint32(n), 1, 1} }

// bodyRegisters are declared in every hand-written kernel: %h of 16 bits, %r of 32, %d of 64, %p predicates.
const bodyRegisters = "\t.reg .pred %p<32>;\n\t.reg .b16 %h<64>;\n\t.reg .b32 %r<64>;\n\t.reg .b64 %d<64>;\n"

// snippet is a kernel around a hand-written body. %d0 is the address of the input and %d1 of the output, %r0 the thread's index in
// the grid, %d2 that index as 64 bits.
func snippet(declarations, body string) string {
	return ".version 8.8\n.target sm_90a\n.address_size 64\n" + declarations +
		"\n.visible .entry snippet(.param .u64 in, .param .u64 out)\n{\n" + bodyRegisters + `
	ld.param.u64 %d0, [in];
	ld.param.u64 %d1, [out];
	mov.u32 %r0, %ctaid.x;
	mov.u32 %r1, %ntid.x;
	mov.u32 %r2, %tid.x;
	mad.lo.s32 %r0, %r0, %r1, %r2;
	cvt.u64.u32 %d2, %r0;
` + body + "\n\tret;\n}\n"
}
