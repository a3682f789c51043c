//go:build cuda && cgo

package driver

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"
)

func TestEncode(t *testing.T) {
	values, offsets, err := encode([]any{cu.DevicePtr(0x1122334455667788), int32(-2), uint32(3), int64(-4), uint64(5), float32(1), float64(-2), []byte{1, 2, 3}})
	require.NoError(t, err)
	assert.Equal(t, []uintptr{0, 8, 16, 24, 32, 40, 48, 56}, offsets)
	assert.Equal(t, []byte{
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
		0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0,
		3, 0, 0, 0, 0, 0, 0, 0,
		0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		5, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0x80, 0x3f, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0xc0,
		1, 2, 3, 0,
	}, values)
	values, offsets, err = encode(nil)
	require.NoError(t, err)
	assert.NotEmpty(t, values)
	assert.Empty(t, offsets)
	for _, wrong := range []any{int(1), "x", true, uintptr(1), nil} {
		_, _, err = encode([]any{int32(0), wrong})
		assert.ErrorContains(t, err, "parameter 1 of the kernel is a ", wrong)
	}
}
