package sim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhatIsNotSupportedSpoilsItsKernels holds that a function or a variable that is not understood is an error of the kernels that use it
// alone, which names it and its line.
func TestWhatIsNotSupportedSpoilsItsKernels(t *testing.T) {
	d := checked(t)
	m, err := d.Load([]byte(`.version 8.8
.target sm_90
.address_size 64
.global .texref colours;
.global .u64 pointer = nowhere;
.func helper()
{
	.reg .f20 x;
}
.visible .entry texture() { .reg .b64 %d; mov.u64 %d, colours; ret; }
.visible .entry points() { .reg .b64 %d; ld.global.u64 %d, [pointer]; ret; }
.visible .entry calls() { call helper; ret; }
.visible .entry odd() { .reg .b32 %r; frobnicate.b32 %r; ret; }
.visible .entry unread() { .reg .b32 %r; add.s32 %r %r; ret; }
.visible .entry empty() { call; ret; }
.visible .entry fine() { ret; }
`))
	require.NoError(t, err)
	for kernel, want := range map[string]string{
		"texture": `kernel texture, PTX line 10, "mov.u64 %d, colours": colours is not supported: ptx: line 4: expected a type of memory, found ".texref"`,
		"points":  `kernel points, PTX line 11, "ld.global.u64 %d, [pointer]": pointer is not supported: line 5: its initialiser names nowhere`,
		"calls":   `kernel calls, PTX line 12, "call helper": the function helper: ptx: line 8: unknown type of a register`,
		"odd":     `kernel odd, PTX line 13, "frobnicate.b32 %r"`,
		"empty":   `kernel empty, PTX line 15, "call": the operands or the modifiers do not fit the instruction`,
		"unread":  `kernel unread: ptx: line 14: expected ";", found "%r"`,
	} {
		_, err := m.Kernel(kernel)
		assert.ErrorContains(t, err, want)
	}
	k, err := m.Kernel("fine")
	require.NoError(t, err)
	_, err = d.Launch(k, linear(1), linear(32), 0, nil)
	require.NoError(t, err)
}
